"""What goes wrong, is missing or is worth knowing, in English, by the codes of the project.

Blanks are keys of ``PetnameError.details``. ``errors_fr`` has the same keys.
"""

from __future__ import annotations

from textinv_app.photos.refusals import NOTES, SENTENCES

ERRORS: dict[str, str] = {
    "not_found": "This is not here any more. Reload the page to see what is.",
    # The page itself
    "page.bad_command": "The page sent something that makes no sense. Reload it and try again.",
    "recreate.no_photos": (
        "Open a pet with photos and a word first; then you can train it like this file."
    ),
    "page.too_long": "This text is too long: at most {max_characters} characters.",
    "page.no_model": "Write which model to use, or choose one of the list.",
    "page.nothing_worn": "Choose an embedding or a LoRA to compare with.",
    "page.different_models": (
        "{first} was made for {first_model}, {second} for {second_model}. Choose two files for the "
        "same image model."
    ),
    "page.prompt_without_word": (
        "Put the word “{word}” into the sentence: it brings what was taught into the picture."
    ),
    # Publishing
    "publish.no_name": "The repository needs a name.",
    "publish.bad_name": (
        "The name of a repository is made of letters without accents, digits, hyphens, underscores "
        "and full stops. How about {suggestion}?"
    ),
    "publish.no_token": "A token of the Hugging Face Hub is needed, one with the right to write.",
    "publish.bad_token": (
        "The Hugging Face Hub does not know this token. Make a new one, copy it whole and try "
        "again."
    ),
    "publish.forbidden": (
        "This token may not write to {repository}. Make one with the right to write."
    ),
    "publish.other_owner": "This token belongs to {user}, who cannot publish under {owner}.",
    "publish.exists": (
        "You have a repository {repository} already. Choose another name, or let its files be "
        "replaced."
    ),
    "publish.is_private": (
        "Your repository {repository} exists and is private. Choose private, or another name."
    ),
    "publish.is_public": (
        "Your repository {repository} exists and is public. Choose public, or another name."
    ),
    "publish.offline": (
        "The Hugging Face Hub could not be reached. Check the internet connection and try again."
    ),
    "publish.offline_mode": (
        "Petname has been told to stay off the internet (HF_HUB_OFFLINE is set). Start it without "
        "that to publish."
    ),
    "publish.quota": (
        "Your space on the Hugging Face Hub is used up. Make room there, or publish publicly, "
        "where there is more of it."
    ),
    "publish.too_often": (
        "The Hugging Face Hub wants you to wait a while before you publish again."
    ),
    "publish.gone": "The repository {repository} is not there any more. Please try again.",
    "publish.strange": "The Hugging Face Hub did not take the files. Try again later.",
    "publish.files": "A file could not be read or written on this machine. Please try again.",
    "publish.interrupted": ("The upload was interrupted. Nothing was published; please try again."),
    "publish.unclear": (
        "The upload was interrupted at its very end. Look at {repository} on the Hub whether it "
        "has arrived; if not, try again."
    ),
    "publish.cancelled": "You stopped it. Nothing was published.",
    "publish.under_way": "This file is being published already.",
    "publish.busy": ("Enough files are being published at the moment. Try again when one is done."),
    # Photos and archives
    **SENTENCES,
    **NOTES,
    "photos.in_use": "The training still needs these photos. Stop it first, then delete them.",
    "upload.broken": "The upload arrived incomplete; please send it again.",
    "upload.field_too_long": "A field of the upload is too long. Reload the page and try again.",
    "upload.no_file": "No file arrived; please choose one.",
    "upload.not_a_form": (
        "The upload was not sent as a form with files. Reload the page and try again."
    ),
    "upload.too_many_fields": "The upload has too many fields. Reload the page and try again.",
    "upload.too_many_files": "Please send at most {limit} files at a time.",
    "upload.unknown_purpose": (
        "The upload does not say what it is for. Reload the page and try again."
    ),
    # The pet
    "missing.photos": "Add at least 3 photos; 5 to 10 are best.",
    "missing.name": "Give it a name.",
    "missing.word": "Choose the new word.",
    "artifact.not_switchable": (
        "Only an embedding from elsewhere can be moved between the two prompts."
    ),
    "name.empty": "Please give it a name.",
    "name.letters": "A name may have letters, digits, spaces, hyphens and apostrophes.",
    "name.too_long": "The name may have at most {limit} characters.",
    "class_word.empty": "Please say what it is, for instance: dog.",
    "class_word.too_long": "Please say in one to three words what it is, for instance: dog.",
    "class_word.letters": (
        "The word for what it is may have letters, digits, spaces, hyphens and apostrophes only."
    ),
    "word.empty": "A word is needed to ask for pictures of your pet.",
    "word.letters": (
        "Use only small letters a to z (no accents), digits, hyphens and underscores, so that "
        "every program understands the word."
    ),
    "word.too_short": "The word needs at least 3 letters.",
    "word.too_long": "The word may have at most 41 letters.",
    "word.start": "The word must start with a letter.",
    "word.ending": "The word must end with a letter: programs add numbers at the end themselves.",
    "word.double_underscore": "Two underscores in a row mean something else in prompts.",
    "word.splits": "The words “and” and “break” split a prompt in two in some programs.",
    "word.reserved": "This word means something else to some programs.",
    "word.taken": "You have this word already.",
    "word.overlaps": (
        "This word and another of yours contain each other; programs would mix them up."
    ),
    "word.ordinary": "Models know this word already; yours would take its place everywhere.",
    "owner.token": "This page has lost track of who you are. Please reload it.",
    # Limits
    "quota.concepts": (
        "You have {limit} words, which is the most there is room for. Delete one to teach another."
    ),
    "quota.photos": "{name} was left out: one word may have {limit} photos.",
    "quota.runs": (
        "At most {limit} of your trainings can wait or run at a time. Wait for one to end, or stop "
        "one."
    ),
    "quota.queue": "Very many people are waiting just now. Please try again later.",
    "quota.drawings": (
        "Your earlier pictures are still being drawn. Wait for them, or end them first."
    ),
    "quota.space": (
        "Your words use {used_mb} MB of {quota_mb} MB. Delete something you no longer need."
    ),
    # Training
    "training.already": "This is being taught already. Wait until it is done, or stop it first.",
    "training.paused_already": "A training of this is paused. Resume it, or stop it to begin anew.",
    "training.gave_up": (
        "The training was interrupted several times at the same place and was given up. Press "
        "“Try again” to continue, or choose a smaller model."
    ),
    "training.result_missing": (
        "The training ended, but its file is missing or damaged. Press “Try again”."
    ),
    "training.key": "The order of the training cannot be read. Reload the page and try again.",
    "training.methods": "Choose what to make: an embedding, a LoRA or both.",
    "training.negative_method": (
        "What pictures should not look like can only be taught as a new word (an embedding)."
    ),
    "training.over": "This training is over. Start a new one.",
    "training.has_more": (
        "This training is not over, or has made a file. Stop it, or delete its file."
    ),
    "training.stopping": "This training is being stopped; its best is kept.",
    "training.photos_gone": (
        "Photos of this training were deleted, so it cannot go on. Start a new one."
    ),
    "training.photos_changed": (
        "A photo was deleted meanwhile. Look at the photos, then start again."
    ),
    "training.seed": "The seed must be a number from 0 to 4294967295.",
    "run.crashed": (
        "The trainer met a problem it does not know. Press “Try again”; the log of the run says "
        "more."
    ),
    "run.no_photos": "There are no photos to learn from. Add some photos first.",
    "run.out_of_memory": (
        "There is not enough memory to train this model here, even with the smallest setting. "
        "Close other programs or choose a smaller model."
    ),
    "run.ran_away": (
        "The learning ran away at step {step}, twice. Try another preset or other photos."
    ),
    "run.result_unusable": (
        "The finished file does not work when it is loaded again. Please start the training once "
        "more; if that does not help, try another preset."
    ),
    "run.storage": (
        "A file could not be read or written. Check that the disk has free space, then press “Try "
        "again”; nothing that was saved is lost."
    ),
    "notice.checkpoint_damaged": "The last save was damaged; it goes on from the one before.",
    "notice.checkpoints_lost": "What was saved was damaged, so the training begins anew.",
    "notice.ran_away": (
        "The learning ran away at step {step}. It goes on, slower, from step {back_to}."
    ),
    "notice.no_likeness": (
        "What measures the likeness could not be downloaded. This training goes on without it."
    ),
    "notice.smaller_plan": (
        "Memory was short. It goes on with {pictures_at_a_time} picture(s) at a time."
    ),
    # Drawings
    "drawing.cancelled": "You ended this drawing.",
    "drawing.crashed": (
        "The drawing broke down. Please try again; if it happens again, draw fewer pictures."
    ),
    "drawing.no_prompt": "Write what to draw first.",
    "drawing.other_family": (
        "{name} was made for {made_for}; the chosen model is {chosen}. Choose a model it fits, or "
        "another file."
    ),
    "drawing.out_of_range": "A number is out of range: it must be from {lowest} to {highest}.",
    "drawing.prompt_too_long": "The text may have at most {limit} characters.",
    "drawing.storage": (
        "A picture could not be read or written. Check that the disk has free space and try again."
    ),
    "drawing.unreadable": "The request for these pictures cannot be read. Please draw them again.",
    # Storage and server
    "storage.disk_full": (
        "The disk is nearly full ({free_megabytes} MB left); nothing was stored. Delete something "
        "and try again."
    ),
    "storage.files": (
        "A file of the data folder could not be read or written. Check that the disk has free "
        "space and try again."
    ),
    "storage.not_local": (
        "The data folder lies on a disk that cannot be trusted with it, such as a network drive. "
        "Choose a folder on this machine with PETNAME_DATA_DIR."
    ),
    "storage.folder": "The data folder cannot be used. Choose another one with PETNAME_DATA_DIR.",
    "storage.full": "The disk is full; nothing was stored. Delete something and try again.",
    "storage.index": (
        "The list of your words could not be read. Restart Petname; it will repair the list."
    ),
    "storage.in_use": "Petname is already running here. Use that one, or stop it first.",
    "storage.low": (
        "The disk is nearly full: {free_mb} MB are free and {needed_mb} MB are needed. Nothing is "
        "lost; free some space first."
    ),
    "storage.newer": "The data folder was written by a newer Petname. Update Petname to open it.",
    "storage.photo_damaged": (
        "The stored photo {file_name} can no longer be read. Please remove it and send it again."
    ),
    "settings.wrong": "A setting of this Petname is wrong. Whoever runs it finds more in its log.",
    "media.not_found": "This link is no longer valid. Reload the page.",
    "web.wrong_host": "Petname is not served under this name; PETNAME_ALLOWED_HOSTS can allow it.",
    "web.passphrase": "Please type the pass phrase of this Petname.",
    "web.not_found": "There is nothing here.",
    "web.other_site": "This request came from another site and was refused.",
    "web.too_large": "That is too much at once: send fewer photos at a time, or a smaller file.",
}
