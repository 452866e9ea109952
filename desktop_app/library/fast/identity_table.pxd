# C types of identity_table.py, for Cython; identity_table.py alone says what it does.

cimport cython

cdef int _HALF


cdef class IdentityTable:
    cdef Py_ssize_t _held
    cdef Py_ssize_t _mask
    cdef unsigned long long[::1] _keys
    cdef long long[::1] _ids

    @cython.locals(place=Py_ssize_t, slot=Py_ssize_t, key="unsigned long long")
    cpdef put(self, identities, ids)
    @cython.locals(place=Py_ssize_t, slot=Py_ssize_t, number="long long", key="unsigned long long")
    cpdef list claim(self, identities, first)
    cdef Py_ssize_t _slot(self, unsigned long long key) noexcept
    @cython.locals(slots=Py_ssize_t, count=Py_ssize_t, old=Py_ssize_t, slot=Py_ssize_t)
    @cython.locals(keys="unsigned long long[::1]", ids="long long[::1]")
    cdef _make_room(self, Py_ssize_t more)
    cdef _set_up(self, Py_ssize_t slots)


@cython.locals(place=int, key="unsigned long long")
cdef unsigned long long _half(const unsigned char *identity) noexcept
