'use strict';
{
    const shown = document.getElementById('api-key');

    // A reload goes on to this page instead of sending the form again.
    history.replaceState(null, '', shown.dataset.after);

    // What a browser keeps of a page that is left, for its back button, is without the key.
    addEventListener('pagehide', () => {
        shown.remove();
        document.getElementById('api-key-gone').hidden = false;
    });

    const select = (element) => {
        const selection = getSelection();
        selection.removeAllRanges();
        selection.selectAllChildren(element);
    };

    // Without TLS there is no clipboard to write to, but the older command.
    const copy = (element) => navigator.clipboard
        ? navigator.clipboard.writeText(element.textContent)
        : new Promise((done, failed) => {
            select(element);
            document.execCommand('copy') ? done() : failed();
        });

    for (const button of document.querySelectorAll('[data-copies]')) {
        const element = document.getElementById(button.dataset.copies);
        button.addEventListener('click', () => copy(element).then(
            () => { button.textContent = button.dataset.copied; },
            () => { select(element); },
        ));
    }
}
