"""What strangers may send to the doors: broken, cut, doubled, and made up.

    make test                                  a few hundred cases a door, the same in every run
    make fuzz ARGS="--fuzz-s 600"              ten minutes a door, by a seed that is printed
    make fuzz ARGS="--fuzz-s 60 --fuzz-seed 7" again

tries.py    the cases of a run
spoil.py    how octets are broken
test_*.py   one door each: what may never be answered, logged, believed or waited for

A failure names its case; the seed and the number in it make the same octets again.
"""
