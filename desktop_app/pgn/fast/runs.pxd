# C types of runs.py, for Cython; runs.py alone says what it does.

cimport cython

from desktop_app.pgn.fast.board cimport Mask
from desktop_app.pgn.fast.scan cimport Scanner
from desktop_app.pgn.fast.tags cimport TagReader

cdef int RESULT, VARIANT, FEN, _SLOTS
cdef int SPELT[40]
cdef int LENGTHS[5]


cdef class RunReader:
    cdef public Py_ssize_t at
    cdef public Py_ssize_t count
    cdef public list starts
    cdef public list tags
    cdef public list moves
    cdef public list plies
    cdef public list texts
    cdef public list named
    cdef public list named_plies
    cdef Scanner _scanner
    cdef TagReader _tags
    cdef Mask _keys[16384]
    cdef int _numbers[16384]

    @cython.locals(after=Py_ssize_t)
    cpdef read(self, const unsigned char *data, Py_ssize_t end)
    @cython.locals(slot=int, number=Py_ssize_t)
    cdef _set_keys(self, list keys)
    @cython.locals(body=Py_ssize_t, after=Py_ssize_t, number=int, text=bytes, values=list)
    cdef Py_ssize_t _game(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t end) except? -2
    @cython.locals(begin=Py_ssize_t)
    cdef int _agrees(self, const unsigned char *data) noexcept
    @cython.locals(result=int, index=int)
    cdef int _says(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef str _value(self, const unsigned char *data, int number)
    @cython.locals(ply=int, slot=int, key=Mask)
    cdef _note_name(self)


@cython.locals(stop=Py_ssize_t, text=bytes)
cdef bytes _own_text(const unsigned char *data, Py_ssize_t start, Py_ssize_t after)
