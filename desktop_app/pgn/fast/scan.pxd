# C types of scan.py, for Cython; scan.py alone says what it does.

from desktop_app.pgn.fast.board cimport Board, Mask

cdef int MOST_PLIES, BOOK_PLIES
cdef int BLANK, COMMENT, DIGIT, MARK, DOT, NAG, OPEN, STAR, CASTLE, PIECE, PAWN
cdef int SORTS[256]
cdef int PIECES[256]
cdef int ORDINARY[256]
cdef int DRAW[7]
cdef int EVENT[8]


cdef class Scanner:
    cdef public int plies
    cdef public int result
    cdef Board _board
    cdef unsigned char _packed[2000]
    cdef Mask _keys[40]
    cdef int _numbered

    cdef Py_ssize_t read(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t end) noexcept
    cdef bytes moves(self)
    cdef int noted(self) noexcept
    cdef Mask key_after(self, int ply) noexcept
    cdef Py_ssize_t _token(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef Py_ssize_t _sign(self, const unsigned char *data, Py_ssize_t place, int sort) noexcept
    cdef Py_ssize_t _number(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef Py_ssize_t _draw(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef Py_ssize_t _ends(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t end, int result) noexcept
    cdef Py_ssize_t _after(self, const unsigned char *data, Py_ssize_t place, Py_ssize_t end) noexcept
    cdef Py_ssize_t _move(self, const unsigned char *data, Py_ssize_t place, int sort) noexcept
    cdef int _note(self, int packed) noexcept
    cdef Py_ssize_t _castling(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef Py_ssize_t _piece_move(self, const unsigned char *data, Py_ssize_t place) noexcept
    cdef Py_ssize_t _pawn_move(self, const unsigned char *data, Py_ssize_t place) noexcept


cdef int _square(const unsigned char *data, Py_ssize_t place) noexcept
cdef Py_ssize_t _digits(const unsigned char *data, Py_ssize_t place) noexcept
cdef Py_ssize_t _comment(const unsigned char *data, Py_ssize_t place) noexcept
cdef Py_ssize_t _line_start(const unsigned char *data, Py_ssize_t place) noexcept
cdef Py_ssize_t _variation(const unsigned char *data, Py_ssize_t place) noexcept
cdef int _odd(int character) noexcept
