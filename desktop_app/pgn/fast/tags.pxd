# C types of tags.py, for Cython; tags.py alone says what it does.

cdef int MOST_OTHERS
cdef int LETTERS[256]
cdef int VALUES[256]
cdef int NUMBERS[256]
cdef int LENGTHS[16]
cdef int SPELT[256]


cdef class TagReader:
    cdef int seen
    cdef Py_ssize_t _from[16]
    cdef Py_ssize_t _to[16]
    cdef int _others
    cdef Py_ssize_t _other_from[64]
    cdef Py_ssize_t _other_length[64]

    cdef Py_ssize_t read(self, const unsigned char *data, Py_ssize_t start) noexcept
    cdef Py_ssize_t begins(self, int number) noexcept
    cdef Py_ssize_t ends(self, int number) noexcept
    cdef Py_ssize_t _tag(self, const unsigned char *data, Py_ssize_t start) noexcept
    cdef int _note(self, int number, Py_ssize_t begin, Py_ssize_t end) noexcept
    cdef int _note_other(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t length) noexcept


cdef Py_ssize_t line_end(const unsigned char *data, Py_ssize_t place) noexcept
cdef int _number(const unsigned char *data, Py_ssize_t start, Py_ssize_t length, int likely) noexcept
cdef int _same(const unsigned char *data, Py_ssize_t one, Py_ssize_t other, Py_ssize_t length) noexcept
