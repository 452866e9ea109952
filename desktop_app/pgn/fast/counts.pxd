# C types of counts.py, for Cython; counts.py alone says what it does.

cimport cython

cdef int _STRIDE

@cython.locals(start=Py_ssize_t, place=Py_ssize_t, blanks=Py_ssize_t, few="unsigned char", character="unsigned char")
cdef Py_ssize_t _count_blanks(const unsigned char *data, Py_ssize_t end) noexcept
@cython.locals(start=Py_ssize_t, place=Py_ssize_t, breaks=Py_ssize_t, few="unsigned char")
cdef Py_ssize_t _count_breaks(const unsigned char *data, Py_ssize_t end) noexcept
