'use strict';
document.addEventListener('DOMContentLoaded', () => {
    const lifetime = document.getElementById('id_expires_in');
    if (!lifetime) {
        return; // a key that there is already
    }
    const date = document.querySelectorAll("[name='expires_at_0'], [name='expires_at_1']");

    // Whoever turns to the date means it, and whoever chooses another lifetime does not.
    for (const input of date) {
        input.addEventListener('focus', () => { lifetime.value = 'date'; });
    }
    lifetime.addEventListener('change', () => {
        if (lifetime.value !== 'date') {
            for (const input of date) {
                input.value = '';
            }
        }
    });
});
