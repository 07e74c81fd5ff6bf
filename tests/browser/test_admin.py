import pytest

ADMIN_PAGES = ["/admin/", "/admin/auth/user/", "/admin/auth/user/add/"]


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_the_admins_own_pages_keep_to_a_strict_policy(browser, admin_user, path):
    browser.log_in(admin_user)

    browser.open(path)

    assert browser.path == path
    assert browser.find("#site-name").text == "Django administration"


def test_a_violation_of_the_policy_is_noticed(browser, admin_user):
    browser.log_in(admin_user)
    browser.open("/admin/")

    browser.driver.execute_script("document.body.setAttribute('style', 'color: red')")

    [told] = browser.problems()
    assert "Content Security Policy" in told
