"""What tests of adapters may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber


@pytest.fixture
def stub(client: BaseClient) -> Iterator[Stubber]:
    """Return the stub of the module's `client`, all of whose answers must be asked for."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
