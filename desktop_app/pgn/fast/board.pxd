# C types of board.py, for Cython; board.py alone says what it does.


ctypedef unsigned long long Mask

cdef int PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING
cdef Mask _FULL, _FILE_A, _RANK_1, _DEBRUIJN

cdef Mask BITS[64]
cdef int BIT_NUMBERS[64]
cdef Mask KNIGHT_STEPS[64]
cdef Mask KING_STEPS[64]
cdef Mask DIAGONALS[64]
cdef Mask STRAIGHTS[64]
cdef Mask PAWN_ATTACKERS[128]
cdef Mask BETWEEN[4096]
cdef Mask RANDOM[781]
cdef int RIGHTS_KEPT[64]
cdef int START_SQUARES[64]
cdef Mask START_KEY


cdef class Board:
    cdef int squares[64]
    cdef Mask kinds[12]
    cdef Mask sides[2]
    cdef public Mask key
    cdef int turn
    cdef int rights
    cdef int ep_square
    cdef Mask _ep_key

    cdef void reset(self) noexcept
    cdef int piece_move(self, int kind, int from_file, int from_rank, int to_square) noexcept
    cdef int push(self, int to_square, int promotion) noexcept
    cdef int pawn_takes(self, int from_file, int to_square, int promotion) noexcept
    cdef int castle(self, int king_side) noexcept
    cdef int _pawn_move(self, int from_square, int to_square, int taken, int promotion) noexcept
    cdef Mask _reach(self, int kind, int square) noexcept
    cdef int _is_legal(self, int kind, int from_square, int to_square, Mask taken) noexcept
    cdef int _attacked(self, int square, Mask occupied, Mask without) noexcept
    cdef void _play(self, int from_square, int to_square, int arriving) noexcept
    cdef void _remove(self, int square) noexcept
    cdef void _note_en_passant(self, int square) noexcept
