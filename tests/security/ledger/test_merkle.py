"""The tree is RFC 9162's, by another implementation too; proofs hold, and nothing that is not exactly a proof does."""

import random
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinyong.security.ledger import merkle, tiles
from xinyong.security.ledger.verify import Frontier

#: Roots of RFC 6962's well-known test leaves, for the first 0 … 8 of them (from certificate-transparency's own tests).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


class Memory:
    """Nodes in memory, as a log keeps them."""

    def __init__(self, leaves: Sequence[bytes] = (), h: merkle.Hash = merkle.sha256) -> None:
        self.levels: dict[int, list[bytes]] = {0: []}
        self.h = h
        self.add(leaves)

    def __call__(self, level: int, first: int, count: int) -> Sequence[bytes]:
        found = self.levels.get(level, [])[first : first + count]
        if len(found) < count:
            raise KeyError((level, first, count))
        return found

    def add(self, leaves: Sequence[bytes]) -> None:
        """Grows by these leaves."""
        before = len(self.levels[0])
        self.levels[0] += leaves
        for level, number, digest in merkle.raised(self, before, before + len(leaves), self.h):
            assert len(self.levels.setdefault(level, [])) == number
            self.levels[level].append(digest)


def hashed(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


@pytest.fixture(scope="module")
def tree() -> Memory:
    """70,000 leaves, grown in uneven steps."""
    leaves, made, chance = hashed(70_000), Memory(), random.Random(5)
    while len(made.levels[0]) < len(leaves):
        start = len(made.levels[0])
        made.add(leaves[start : start + chance.choice([1, 7, 255, 256, 3_000, 20_000])])
    return made


def test_roots_are_those_everybody_computes() -> None:
    for count, expected in enumerate(ROOTS):
        assert merkle.fold([merkle.leaf_hash(leaf) for leaf in LEAVES[:count]]).hex() == expected


def test_roots_are_those_of_another_implementation_on_20000_leaves(tree: Memory) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pymerkle

        other = pymerkle.InmemoryTree(algorithm="sha256")
        for number in range(20_000):
            other.append_entry(str(number).encode())
            if number + 1 in {1, 2, 3, 255, 256, 257, 511, 512, 513, 4_097, 19_999, 20_000}:
                assert other.get_state(number + 1) == merkle.root(tree, number + 1)


def test_a_tree_reads_few_hashes_for_a_proof(tree: Memory) -> None:
    read = 0

    def counting(level: int, first: int, count: int) -> Sequence[bytes]:
        nonlocal read
        read += count
        return tree(level, first, count)

    merkle.inclusion(counting, 33_333, 70_000)
    assert read < 800


@given(st.integers(1, 1_200), st.data())
@settings(max_examples=150)
def test_every_proof_holds_and_none_with_anything_changed(tree: Memory, size: int, data: st.DataObject) -> None:
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    leaf, root, before = tree(0, index, 1)[0], merkle.root(tree, size), merkle.root(tree, first)
    inclusion = merkle.inclusion(tree, index, size)
    consistency = merkle.consistency(tree, first, size)
    assert merkle.is_included(leaf, index, size, inclusion, root)
    assert merkle.is_consistent(first, size, consistency, before, root)
    for wrong in _mutants(inclusion, data):
        assert not merkle.is_included(leaf, index, size, wrong, root)
    for wrong in _mutants(consistency, data):
        assert not merkle.is_consistent(first, size, wrong, before, root)
    if size > 1:
        other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index))
        assert not merkle.is_included(leaf, other, size, inclusion, root)


def _mutants(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    made = [[*proof, merkle.sha256(b"x")], [merkle.sha256(b"x"), *proof]]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = bytearray(proof[place])
        changed[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
        made += [proof[:-1], proof[1:], [*proof[:place], bytes(changed), *proof[place + 1 :]]]
    return made


@pytest.mark.parametrize(
    ("index", "size", "cut"),
    [(-1, 8, 0), (8, 8, 0), (9, 8, 0), (0, 0, 0), (True, 8, 0), (0, 1 << 64, 0), (3, 8, 1), (3.0, 8, 0), (3, -8, 0)],
)
def test_indexes_and_sizes_that_cannot_be_are_refused(tree: Memory, index: int, size: int, cut: int) -> None:
    proof = merkle.inclusion(tree, 3, 8)
    assert not merkle.is_included(tree(0, 3, 1)[0], index, size, proof[cut:], merkle.root(tree, 8))


@pytest.mark.parametrize(
    ("first", "second"), [(0, 8), (-1, 8), (5, 4), (3, 4), (3, 9), (3, 16), (4, 8), (2, 8), (True, 8), (3, 1 << 64)]
)
def test_consistency_holds_for_its_own_sizes_only(tree: Memory, first: int, second: int) -> None:
    proof = merkle.consistency(tree, 3, 8)
    assert not merkle.is_consistent(first, second, proof, merkle.root(tree, 3), merkle.root(tree, 8))


def test_equal_sizes_need_equal_roots_and_no_proof(tree: Memory) -> None:
    root, other = merkle.root(tree, 5), merkle.root(tree, 6)
    assert merkle.is_consistent(5, 5, [], root, root)
    assert not merkle.is_consistent(5, 5, [], root, other)
    assert not merkle.is_consistent(5, 5, [root], root, root)


def forgiving(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """The check without its look at sizes: goes up as long as there are neighbours."""
    place, last, found = index, size - 1, leaf
    for neighbour in proof:
        if place % 2 or place == last:
            found = merkle.node_hash(neighbour, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = merkle.node_hash(found, neighbour)
        place, last = place >> 1, last >> 1
    return found == root


def test_a_check_that_forgives_sizes_would_accept_what_ours_refuses(tree: Memory) -> None:
    """The negative control: a node passed off as a leaf, and a proof for a tree of another size."""
    root = merkle.root(tree, 8)
    node, proof = merkle.subtree(tree, 0, 1), merkle.inclusion(tree, 0, 8)[1:]
    assert forgiving(0, 8, node, proof, root)
    assert not merkle.is_included(node, 0, 8, proof, root)
    leaf, proof = tree(0, 3, 1)[0], merkle.inclusion(tree, 3, 8)
    assert forgiving(3, 4_000, leaf, proof, root)
    assert not merkle.is_included(leaf, 3, 4_000, proof, root)


@pytest.mark.parametrize("name", ["sha256", "sm3"])
def test_frontier_tree_and_tiles_agree_in_either_hash(name: str, tmp_path: Path) -> None:
    h = merkle.HASHES[name]
    leaves = [merkle.leaf_hash(bytes([number % 251]), h) for number in range(1_300)]
    frontier, kept, published = Frontier(h), Memory(h=h), 0
    for step in (1, 255, 1, 300, 743):
        kept.add(leaves[frontier.size : frontier.size + step])
        for leaf in leaves[frontier.size : frontier.size + step]:
            frontier.add(leaf)
        tiles.write(tmp_path, kept, published, frontier.size)
        published = frontier.size
        files = tiles.Files(tmp_path, published)
        assert merkle.root(files, published, h) == frontier.root() == merkle.fold(leaves[:published], h)
    early = tiles.Files(tmp_path, 600)
    assert merkle.is_included(leaves[599], 599, 600, merkle.inclusion(early, 599, 600, h), merkle.root(kept, 600, h), h)


def test_tiles_lie_where_c2sp_says() -> None:
    assert tiles.path_of(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tiles.path_of(2, 7, 31) == "tile/2/007.p/31"


def test_sm3_is_the_standard_s() -> None:
    """GB/T 32905-2016, appendix A.1."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert merkle.sm3(b"abc").hex() == expected
