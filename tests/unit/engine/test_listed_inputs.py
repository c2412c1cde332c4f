"""Many inputs are looked up in a listing; a store with too many others is not listed for it."""

from __future__ import annotations

from pathlib import Path

from pegbatch.engine.listed_inputs import BEGIN_MOST, ListedInputs
from pegbatch.engine.listing import KEYS_A_PAGE
from pegbatch.engine.uploads import UploadItem, look_up_inputs, upload_all
from pegbatch.errors import ObjectMissing
from tests.fakes_store import MemoryStore

FOLDER = "s3://bucket/runs/inputs"


def url_of(number: int) -> str:
    return f"{FOLDER}/{number:064x}"


def item(number: int, path: Path = Path("/gone")) -> UploadItem:
    sha256 = f"{number:064x}"
    return UploadItem(source=path, url=url_of(number), sha256=sha256, size_bytes=1, again=True)


def store_of(numbers: range, data: bytes = b"x") -> MemoryStore:
    store = MemoryStore()
    for number in numbers:
        store.put_bare(url_of(number), data)
    return store


def test_many_inputs_that_are_there_take_one_listing_and_no_other_call() -> None:
    count = KEYS_A_PAGE + 1
    store = store_of(range(0, 3 * count, 3))
    plan_file = UploadItem(source=Path(__file__), url="s3://bucket/runs/run/plan/plan.json")
    items = [*(item(3 * number) for number in range(count)), plan_file]
    sent = upload_all(store, items)
    assert sent.files == count + 1
    assert sent.size_bytes == count + Path(__file__).stat().st_size
    assert store.calls == [("list", FOLDER), ("upload", plan_file.url)]


def test_few_inputs_are_asked_for_one_by_one() -> None:
    store = store_of(range(KEYS_A_PAGE))
    assert upload_all(store, map(item, range(KEYS_A_PAGE))).files == KEYS_A_PAGE
    assert not store.called("list")


def test_what_the_listing_lacks_or_shows_in_another_size_is_asked_for(tmp_path: Path) -> None:
    count = KEYS_A_PAGE + 1
    store = store_of(range(count))
    store.put_bare(url_of(5), b"longer")
    store.objects.pop(url_of(7))
    asked = [one.item for one in look_up_inputs(store, map(item, range(count))) if not one.listed]
    assert [one.url for one in asked] == [url_of(5), url_of(7)]


def test_a_store_that_knows_no_empty_folder_lists_nothing() -> None:
    def refuse(operation: str, url: str) -> None:
        raise ObjectMissing("there is nothing", where=url)

    assert ListedInputs(MemoryStore(refuse), FOLDER).find(url_of(1), None) is None


def test_the_listing_ends_where_nearly_all_is_of_other_runs() -> None:
    listing = ListedInputs(store_of(range(BEGIN_MOST + 1_000)), FOLDER)
    assert listing.find(url_of(BEGIN_MOST - 1), 1) is not None
    assert listing.find(url_of(BEGIN_MOST + 900), 1) is None
    assert listing.find(url_of(BEGIN_MOST + 901), 1) is None
