"""Who a message is, in whichever spelling its id and its recipient arrive."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.recording import InvalidMessage, message_identity
from campaigns.recording.identity import has_mark, without_mark

ANN = "718c82aa419f9652"  # the first 16 digits of a BLAKE2b of 8 bytes of ann@example.org


@pytest.mark.parametrize(
    "spelling",
    [
        "a.B@mail.example",
        "<a.B@mail.example>",
        " <a.B@mail.example>",
        "<a.B@mail.example> ",
        "< a.B@mail.example >",
        "<<a.B@mail.example>>",
        "\t\r\n <a.B@mail.example>\r\n",
        "\u00a0<a.B@mail.example>",
        "<a.B@MAIL.example>",
        "Message-ID: <a.B@mail.example>",
        "<a.B@mail.example> (added by postmaster@relay.example)",
        '"<a.B@mail.example>"',
        "%3Ca.B%40mail.example%3E",
        "%3ca.B%40Mail.example%3e%20",
        "a.B%40mail.example",
    ],
)
def test_what_stands_around_an_id_and_the_case_of_its_domain_change_nothing(spelling: str) -> None:
    assert message_identity(message_id=spelling) == "a.B@mail.example"


def test_the_case_of_what_stands_before_the_domain_counts() -> None:
    assert message_identity(message_id="<A@x>") != message_identity(message_id="<a@x>")
    assert message_identity(message_id="Ab-C") == "Ab-C"


@pytest.mark.parametrize("id_", ["100%@x", "a%20b@x", "%41", "a%2540x", "a+b=c@x", "%"])
def test_an_escape_counts_where_the_id_is_no_part_of_an_url(id_: str) -> None:
    assert message_identity(message_id=id_) == id_


@pytest.mark.parametrize("several", ["<a@x> <b@x>", "<a@x><a@x>", "<a@x>,\t<b@x>"])
def test_several_ids_are_refused(several: str) -> None:
    with pytest.raises(InvalidMessage, match="holds 2 ids"):
        message_identity(message_id=several)


@pytest.mark.parametrize("unstorable", ["a%40x%00", "%00%40", "a\0b"])
def test_an_id_that_no_database_holds_is_refused_however_it_is_spelled(unstorable: str) -> None:
    with pytest.raises(InvalidMessage, match="holds a NUL character"):
        message_identity(message_id=unstorable)


@pytest.mark.parametrize(
    "spelling",
    [
        "ann@example.org",
        "Ann@Example.ORG",
        " ann@example.org ",
        "<ann@example.org>",
        "Ann Reader <ann@example.org>",
        '"Reader, Ann" <ann@example.org>',
        "Reader, Ann <ann@example.org>",
        "=?utf-8?q?Ann?= <ANN@example.org>",
        "ann@example.org <ann@example.org>",
        "ann@example.org (Ann Reader)",
        "mailto:ann@example.org",
        "mailto:ann%40example.org",
        "MAILTO:Ann@example.org?subject=Hello",
        "<mailto:ann@example.org>",
        "Ann Reader <ann@example.org> (at work)",
        "(Ann) ann@example.org",
        "ann@example.org.",
    ],
)
def test_a_recipient_is_an_address_in_any_spelling(spelling: str) -> None:
    assert message_identity(message_id="<m>", recipient=spelling) == f"m {ANN}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two@bücher.example", "two@xn--bcher-kva.example"),
        ("two@BÜCHER.example", "two@XN--BCHER-KVA.example"),
        ("two@bu\u0308cher.example", "two@bücher.example"),
        ("two@straße.example", "two@xn--strae-oqa.example"),
        ("é@example.org", "e\u0301@example.org"),
    ],
)
def test_an_international_address_has_one_identity(one: str, other: str) -> None:
    assert message_identity(message_id="m", recipient=one) == message_identity(
        message_id="m", recipient=other
    )


def test_recorded_identities_stay_as_they_were() -> None:
    digest = hashlib.blake2b(b"two@xn--bcher-kva.example", digest_size=8).hexdigest()
    assert message_identity(message_id="m", recipient="Two@bücher.example") == f"m {digest}"


def test_of_an_address_only_a_digest_is_kept() -> None:
    identity = message_identity(message_id="m", recipient="ann@example.org")
    assert identity == "m " + hashlib.blake2b(b"ann@example.org", digest_size=8).hexdigest()


@pytest.mark.parametrize("blank", [None, "", " \t"])
def test_a_blank_recipient_is_none(blank: str | None) -> None:
    assert message_identity(message_id="m", recipient=blank) == "m"


@pytest.mark.parametrize(
    "recipient", ["ann", "ann@", "@x", "a@x, b@x", "a@x;b@x", "a b@x", "a@b@c", "<>", "Ann <a>"]
)
def test_what_is_not_one_address_is_refused(recipient: str) -> None:
    with pytest.raises(InvalidMessage, match="is not one address"):
        message_identity(message_id="m", recipient=recipient)


def test_a_long_id_is_known_by_its_digest() -> None:
    assert message_identity(message_id="x" * 238) == "x" * 238
    digest = "sha256:" + hashlib.sha256(b"x" * 239).hexdigest()
    assert message_identity(message_id=f"<{'x' * 239}>") == digest
    assert message_identity(message_id="x" * 239, recipient="ann@example.org") == f"{digest} {ANN}"


any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(any_text, st.sampled_from([None, "ann@example.org", "ANN@example.org."]))
def test_an_identity_is_its_own_identity(text: str, recipient: str | None) -> None:
    try:
        identity = message_identity(message_id=text, recipient=recipient)
    except InvalidMessage:
        assert not text.strip().strip("<>").strip() or text.count("@") > 1
        return
    assert 0 < len(identity) <= 255
    assert message_identity(message_id=identity) == identity
    assert message_identity(message_id=identity, recipient=recipient) == identity
    assert has_mark(identity) == (recipient is not None)
    assert without_mark(identity) == message_identity(message_id=text)
