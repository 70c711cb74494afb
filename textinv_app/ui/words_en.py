"""The words of the page in English. ``words_fr`` has the same keys."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "page.title": "Petname",
    "page.unexpected": "Something unexpected happened. Reload the page and try again.",
    "page.close": "Close",
    "header.home": "Petname, start page",
    "header.tagline": "Teach an image model your pet’s name",
    "header.other_language": "Français",
    "header.theme": "Light or dark",
    "tab.all": "Steps",
    "tab.upload": "Photos",
    "tab.train": "Train",
    "tab.compare": "Compare",
    "tab.manage": "Collection",
    "switcher.all": "Your pets",
    "switcher.new": "New pet",
    "switcher.unnamed": "No name yet",
    # Photos
    "upload.title": "Show us your pet",
    "upload.lead": (
        "Five to ten photos are enough. Only you see them, and the place and time your phone "
        "stored in them are taken out."
    ),
    "upload.keep_days.one": (
        "On this server everything of yours is deleted if you do not come back for a day."
    ),
    "upload.keep_days.many": (
        "On this server everything of yours is deleted if you do not come back for {n} days."
    ),
    "upload.drop.title": "Drop photos here, or choose them",
    "upload.drop.text": (
        "JPEG, PNG, WebP, HEIC, AVIF, GIF, or a ZIP of them. You can paste one, too."
    ),
    "upload.added.one": "One photo added.",
    "upload.added.many": "{n} photos added.",
    "upload.failed": "The upload did not arrive. Check the connection and try again.",
    "samples.title": "No photos at hand?",
    "samples.text": "Borrow one of our drawn pets and try everything with it.",
    "samples.use": "Try it with {name}",
    "samples.taken": "{name} is yours to teach. Everything is filled in already.",
    "class.dog": "dog",
    "class.cat": "cat",
    "class.rabbit": "rabbit",
    "class.hamster": "hamster",
    "class.parrot": "parrot",
    "class.pet": "pet",
    "refused.title.one": "One file could not be used.",
    "refused.title.many": "{n} files could not be used.",
    "refused.others": "The others are kept.",
    "photos.count.one": "{n} photo",
    "photos.count.many": "{n} photos",
    "photos.add_more.one": "One more would help: five to ten photos work best.",
    "photos.add_more.many": "{n} more would help: five to ten photos work best.",
    "photos.flawed.one": "One photo needs a look. You can keep it or replace it.",
    "photos.flawed.many": "{n} photos need a look. You can keep them or replace them.",
    "photos.all_fine": "All of them are good. Check that your pet is inside each square.",
    "photos.tips": "What makes good photos",
    "photos.tip1": "Your pet is large in the picture, and alone.",
    "photos.tip2": "Different places, light and poses, so that only your pet stays the same.",
    "photos.tip3": "Sharp and bright; the face visible in most of them.",
    "photos.alt": "Square of {name} that the model will see",
    "photos.move": "Move the square",
    "photos.remove": "Remove {name}",
    "photos.remove_short": "Remove",
    "verdict.fine": "Good photo",
    "verdict.small": "Rather small",
    "verdict.blurred": "A little blurred",
    "verdict.dark": "Rather dark",
    "verdict.same_as": "Same photo as {other}",
    "verdict.mirrored_copy_of": "Mirrored copy of {other}",
    "form.title": "Who is this?",
    "form.lead": "A name for you, and a word for the model.",
    "form.name_subject": "Name of your pet",
    "form.name_style": "Name of the style",
    "form.name_negative": "Name of this collection",
    "form.name_example": "for example Rex",
    "form.class_word_subject": "What it is, in one word",
    "form.class_word_style": "What it is, in one word",
    "form.class_word_negative": "What they are, in two words",
    "form.class_word_help_subject": (
        "An ordinary word that the new one starts from: dog, cat, rabbit…"
    ),
    "form.class_word_help_style": (
        "An ordinary word that the new one starts from: painting, drawing, watercolor…"
    ),
    "form.class_word_help_negative": (
        "Ordinary words that the new one starts from: bad picture, bad photo or bad drawing."
    ),
    "form.class_word_vague": (
        "“Pet” is vague. Say dog, cat or whatever it is: the new word starts from there."
    ),
    "form.class_words_subject": (
        "dog|cat|rabbit|horse|hamster|guinea pig|parrot|bird|turtle|fox|pet"
    ),
    "form.class_words_style": "painting|drawing|photo|watercolor|illustration",
    "form.class_words_negative": "bad picture|bad photo|bad drawing",
    "form.class_translations": "",
    "form.word": "The new word",
    "form.word_help": (
        "You will type it when you ask for pictures. It should be a word that does not exist yet."
    ),
    "form.word_example": "for example rexdog",
    "form.word_kept": "Until you choose another, it stays “{word}”.",
    "form.word_good": "“{word}” is free and works in every program.",
    "form.suggest": "Suggest one",
    "form.take": "Use {word}",
    "form.kind": "What are you teaching?",
    "kind.subject": "A pet",
    "kind.subject_text": "One animal (or thing) that should be recognised everywhere.",
    "kind.style": "A style",
    "kind.style_text": "The way pictures are made, whatever is in them.",
    "kind.negative": "A “not like this”",
    "kind.negative_text": "Pictures you don’t want. The word will say what to leave out.",
    "form.markings": "Are the two sides different?",
    "form.markings_yes": "Yes, or not sure",
    "form.markings_yes_text": "A patch over one eye, a folded ear: photos are never mirrored.",
    "form.markings_no": "No, both sides look alike",
    "form.markings_no_text": "Mirrored copies count as more photos.",
    "next.ready": "{name} is ready to be taught. The word will be “{word}”.",
    "next.go": "Continue to training",
    "next.missing": "Before the training can start:",
    # Train
    "train.empty.title": "Nobody to teach yet",
    "train.empty.text": "Add a few photos and choose a word first; then the training starts here.",
    "train.empty_go": "Go to the photos",
    "train.title": "Teach {name}",
    "train.lead.one": "One photo, and the word “{word}”.",
    "train.lead.many": "{n} photos, and the word “{word}”.",
    "train.model": "Which image model?",
    "train.unusable": "Models that cannot run here",
    "train.custom": "Your own model",
    "train.custom_example": "Hugging Face id, folder, or .safetensors file",
    "train.teach": "What should it learn?",
    "train.care": "How careful?",
    "train.start": "Start training",
    "train.leave": (
        "You can close this page. The training goes on, and all of it is here when you come back."
    ),
    "train.started.one": "The training is on its way.",
    "train.started.many": "{n} trainings are on their way, one after the other.",
    "model.crayon.title": "Crayon",
    "model.crayon.about": (
        "Our own little model, on any computer. It draws cartoon animals; of your pet it makes one "
        "roughly in its colours."
    ),
    "model.sd15.title": "Stable Diffusion 1.5",
    "model.sd15.about": "The classic: photos and paintings, and a world of add-ons.",
    "model.sd21.title": "Stable Diffusion 2.1",
    "model.sd21.about": "Sharper than 1.5, with fewer add-ons.",
    "model.sdxl.title": "Stable Diffusion XL",
    "model.sdxl.about": "The most beautiful pictures, for graphics cards with 8 GB or more.",
    "model.custom.title": "A model of your own",
    "model.custom.about": "From Hugging Face, a folder or a file.",
    "model.custom.needs": "Any Stable Diffusion 1.x, 2.x or XL",
    "model.download": "{size} to download",
    "model.memory": "{size} of memory",
    "model.nothing": "Nothing to download",
    "model.licence": "Licence: {licence}",
    "model.can": "Runs here",
    "teach.both": "Both, to compare",
    "teach.both_text": (
        "Two trainings, one after the other. See for yourself which you like better."
    ),
    "teach.embedding": "A new word (embedding)",
    "teach.embedding_text": "An embedding: one entry in the model’s dictionary. A tiny file.",
    "teach.pivotal": "Word and skill as one",
    "teach.pivotal_text": (
        "An embedding and a LoRA that learn together. Each of the two files is little without the "
        "other: you take both along."
    ),
    "teach.lora": "A new skill (LoRA)",
    "teach.lora_text": (
        "A LoRA: a small change to the part that paints. It can learn what no word can name; a "
        "larger file."
    ),
    "preset.quick": "Quick",
    "preset.quick_text": "A first impression.",
    "preset.balanced": "Balanced",
    "preset.balanced_text": "Closer, and takes longer.",
    "preset.careful": "Careful",
    "preset.careful_text": "For the last bit of likeness.",
    "preset.about": "at most about {time}",
    "runs.title": "Trainings",
    "method.embedding": "Embedding",
    "method.lora": "LoRA",
    "method.pivotal": "Embedding and LoRA as one",
    "run.pause": "Pause",
    "run.resume": "Resume",
    "run.again": "Try again",
    "run.stop": "Stop and keep the best",
    "run.remove": "Remove",
    "run.remove_sure": "Remove this training? It cannot be tried again after that.",
    "run.removed": "Removed.",
    "run.next": "Waiting, next in line",
    "run.queued": "Waiting, number {position} in line",
    "run.pausing": "Pausing: saving where it stands…",
    "run.stopping": "Stopping: keeping the best…",
    "run.cancelling": "Cancelling…",
    "run.left": "{time} left",
    "run.took": "took {time}",
    "run.steps": "step {step} of {max_steps}",
    "run.compare": "Compare the pictures",
    "run.details": "Curves, and what the word means",
    "run.download": "Go to the file",
    "run.plan.one": "Computed on {device} in {type}, one picture at a time.",
    "run.plan.many": "Computed on {device} in {type}, {n} pictures at a time.",
    "run.plan_recompute": "Parts are computed twice to save memory.",
    "device.cpu": "the processor",
    "device.cuda": "the graphics card",
    "phase.starting": "Getting ready…",
    "phase.downloading": "Downloading the model…",
    "phase.loading_model": "Waking up the model…",
    "phase.preparing_photos": "Looking at the photos…",
    "phase.training": "Learning…",
    "phase.exporting": "Writing the file…",
    "phase.checking": "Trying the file out…",
    "status.queued": "Waiting",
    "status.running": "Learning…",
    "status.paused": "Paused. Nothing is lost.",
    "status.done": "Done",
    "status.cancelled": "Stopped before there was anything to keep",
    "status.failed": "This did not work out",
    "judged.too_early": "Too early to tell. The first pictures are still guesses.",
    "judged.getting_close": "Getting close to {name}.",
    "judged.this_is_it": "This is {name}!",
    "judged.copying_photos": "Starting to copy your photos. Now would be a good time to stop.",
    "judged.not_improving": "Not getting better any more. The best so far is kept.",
    "judged.style_not_improving": (
        "It can’t be measured to get better any more, but may still. It goes on to the last step."
    ),
    "judged.style_done_not_improving": (
        "The numbers stood still at the end. Look at the pictures: a style is best judged by eye."
    ),
    "judged.best": "Best so far: step {step}.",
    "judged.negative_too_early": "Too early to tell. It has hardly begun to learn.",
    "judged.negative_getting_close": "It is learning what to keep out of pictures.",
    "judged.negative_this_is_it": "It knows what to keep out, and hardly gets better any more.",
    "judged.negative_not_improving": (
        "It can’t be measured to get better any more, but may still. It goes on to the last step."
    ),
    "judged.negative_done_too_early": (
        "It has learnt little yet. A more careful training or more pictures may help."
    ),
    "judged.negative_done_getting_close": (
        "It knows what to keep out. A more careful training may know it better."
    ),
    "judged.negative_done_this_is_it": "It knows what to keep out of pictures.",
    "judged.negative_done_not_improving": (
        "It stopped getting better and has learnt little. Other pictures may help."
    ),
    "judged.done_too_early": (
        "It does not look much like {name} yet. A more careful training or more photos may help."
    ),
    "judged.done_getting_close": "Close to {name}. A more careful training may come closer.",
    "judged.done_this_is_it": "This is {name}!",
    "judged.done_copying_photos": "This is {name}, though it begins to copy your photos.",
    "judged.done_not_improving": "It stopped getting better. This is the best it came to.",
    "judged.kept": "Step {step} was the best and is kept.",
    "likeness.previews": "Likeness, easy and hard previews",
    "likeness.file": "Likeness, plainly asked",
    "likeness.drawn": "Likeness of these pictures",
    "likeness.value": "{value} / 100",
    "likeness.unmeasured": "Likeness was not measured here.",
    "redrawn.title": "Your photos, the way Crayon draws them",
    "redrawn.text": (
        "Crayon knows only cartoons. It learns from these drawings of your photos, and likeness is "
        "measured against them."
    ),
    "redrawn.alt": "Photo {number}, drawn by Crayon",
    "previews.title": "What the word draws",
    "previews.before": "before",
    "previews.step": "step {step}",
    "previews.alt": "Picture after step {step}: {prompt}",
    "chart.steps": "steps",
    "chart.loss": "Surprise",
    "chart.loss_help": (
        "Validation loss: how much your photos still surprise the model. Lower is better."
    ),
    "chart.loss_help_redrawn": (
        "Validation loss: how much the drawings of your photos still surprise the model. Lower is "
        "better."
    ),
    "chart.loss_axis": "validation loss",
    "chart.loss_waiting": "The curve of the validation loss begins soon.",
    "chart.loss_summary": "Validation loss from {first} to {last} at step {step}.",
    "chart.likeness": "Likeness",
    "chart.likeness_help": (
        "How much the previews of a step, easy and hard, look like your photos. Higher is better."
    ),
    "chart.likeness_help_redrawn": (
        "How much the previews of a step, easy and hard, look like the drawings of your photos. "
        "Higher is better."
    ),
    "chart.likeness_axis": "likeness (0–100)",
    "chart.likeness_waiting": "The curve of the likeness begins soon.",
    "chart.likeness_summary": "Likeness from {first} to {last} of 100 at step {step}.",
    "nearest.title": "What the word means so far",
    "nearest.title_done": "What the word means",
    "nearest.text": "The words of the dictionary that stand nearest to “{word}”.",
    # Compare
    "compare.empty.title": "Nothing to compare yet",
    "compare.empty.text": "When a training is done, its pictures stand here side by side.",
    "compare.empty_go": "Go to training",
    "compare.title": "See what it has learnt",
    "compare.lead": (
        "The same sentence and the same dice for all, so that only the learning differs."
    ),
    "compare.prompt": "What should be in the picture?",
    "compare.insert": "Insert",
    "compare.subject_example1": "a photo of a {word}",
    "compare.subject_example2": "a {word} with a red scarf in the snow",
    "compare.subject_example3": "a {word} on the beach",
    "compare.subject_example4": "a {word} wearing a blue hat",
    "compare.subject_example5": "a {word} sleeping, night sky",
    "compare.subject_example6": "a drawing of a {word} in a meadow",
    "compare.style_example1": "a cat in the style of {word}",
    "compare.style_example2": "a dog on the beach in the style of {word}",
    "compare.style_example3": "a rabbit with a red scarf in the style of {word}",
    "compare.style_example4": "a fox wearing a blue hat in the style of {word}",
    "compare.style_example5": "a bear under a night sky in the style of {word}",
    "compare.style_example6": "a bird in a meadow in the style of {word}",
    "compare.embedding": "Embedding",
    "compare.embedding_strength": "Strength of the embedding",
    "compare.lora": "LoRA",
    "compare.lora_strength": "Strength of the LoRA",
    "compare.none": "None",
    "compare.seed": "Seed",
    "compare.seed_help": "The same number draws the same picture again.",
    "compare.dice": "Throw the dice",
    "compare.num_images": "Pictures in each column",
    "compare.negative": "What should not be in the picture?",
    "compare.negative_example": "for example: blurry",
    "compare.negative_help": "Your “not like this” words are put in by themselves.",
    "compare.negative_files": "Also to be left out:",
    "compare.steps": "Drawing steps",
    "compare.steps_help": "Fewer are quicker; with too few the picture looks unfinished.",
    "compare.draw": "Draw them",
    "drawing.title": "Side by side",
    "drawing.waiting": "Waiting for a pencil…",
    "drawing.after_training": "Waiting until the training is done…",
    "drawing.drawing": "Drawing…",
    "drawing.cancel": "Stop drawing",
    "drawing.picture": "{column}, seed {seed}",
    "drawing.download_one": "Download: {name}",
    "drawing.download_short": "Download",
    "drawing.download_grid": "Download them all as one picture",
    "column.base": "Without the new word",
    "column.embedding": "Embedding",
    "column.lora": "LoRA",
    "column.both": "Both together",
    "facts.trained": "Trained",
    "facts.trained_base": "nothing; it draws the ordinary word",
    "facts.trained_embedding": "the model’s dictionary",
    "facts.trained_lora": "the UNet, the part that paints",
    "facts.trained_both": "dictionary and UNet",
    "facts.size": "File",
    "facts.time": "Training",
    "facts.word": "Word",
    "facts.date": "Made",
    "facts.origin": "From",
    "facts.imported": "elsewhere",
    "slider.title": "Lay one over the other",
    "slider.text": "Drag the line, or use the arrow keys.",
    "slider.left": "Left",
    "slider.right": "Right",
    "slider.label": "Where the line between the two pictures stands",
    # Collection
    "manage.title": "Everything you have taught",
    "manage.lead": "Every file is yours to download.",
    "manage.empty.title": "Your collection is still empty",
    "manage.empty.text": (
        "Finished trainings are kept here, ready to download. Files from elsewhere can move in, "
        "too."
    ),
    "manage.empty_go": "Teach the first word",
    "manage.more": "Show more",
    "manage.pictures": "Pictures by {name}",
    "manage.rename": "Rename {name}",
    "manage.rename_short": "Rename",
    "manage.download": "Download",
    "manage.pair": "Belongs together",
    "manage.pair_embedding": "with the LoRA of the same training; each is little without the other",
    "manage.pair_lora": (
        "with the embedding of the same training; each is little without the other"
    ),
    "manage.usage": "How to use it",
    "manage.usage_hide": "Hide the guide",
    "manage.copy": "Copy",
    "manage.negative": "Use it for what should not be in the picture",
    "manage.negative_on": "{name} now says what should not be in the picture.",
    "manage.negative_off": "{name} now says what should be in the picture.",
    "manage.delete": "Delete",
    "manage.delete_embedding": (
        "Delete the embedding {name} with its training? This cannot be undone."
    ),
    "manage.delete_lora": "Delete the LoRA {name} with its training? This cannot be undone.",
    "manage.delete_pair": (
        "Delete {name} with its training? The embedding and the LoRA both go. This cannot be "
        "undone."
    ),
    "manage.delete_imported_embedding": "Delete the embedding {name}? This cannot be undone.",
    "manage.delete_imported_lora": "Delete the LoRA {name}? This cannot be undone.",
    "manage.delete_yes": "Delete for good",
    "manage.deleted": "Deleted, for good.",
    "kits.open": "Kit for a program…",
    "kits.lead": (
        "A kit is a ZIP with everything one program needs: file, pictures, sentences to try, and "
        "a guide with pictures."
    ),
    "kits.crayon": (
        "Crayon is Petname’s own model: other programs cannot load it, so its files work in Python "
        "only."
    ),
    "kits.both": "Kit with embedding and LoRA",
    "kits.one": "Kit",
    "kits.file_for": "Only the file, for {program}",
    "kits.file_about": "Written the way it wants it, without pictures or guide.",
    "manage.recreate": "Train again like this",
    "manage.recreate_title": "Fill in the training as this file was trained",
    "like.title": "Like “{name}”",
    "like.vectors.one": "{n} vector",
    "like.vectors.many": "{n} vectors",
    "like.rank": "rank {rank}",
    "like.steps": "{steps} steps",
    "like.seed": "seed {seed}",
    "like.incomplete": "The file does not tell everything; usual values fill the gaps.",
    "like.other_model": "It was taught on {model}, which cannot be used here.",
    "like.forget": "Forget this",
    # Publishing
    "publish.open": "Publish",
    "publish.title": "Publish on the Hugging Face Hub",
    "publish.lead": (
        "Hugging Face is a site where people share models; you need a free account there. {name} "
        "gets a page of its own, with its pictures and how to use it."
    ),
    "publish.use": "Other programs can load it from there.",
    "publish.use_crayon": "It works with Crayon only: in Petname, or with diffusers in Python.",
    "publish.follow": "You may close this window, and the page too: the upload goes on.",
    "publish.repository": "Name of the repository",
    "publish.repository_help": (
        "It goes under your own name. For an organisation, write: organisation/name"
    ),
    "publish.visibility": "Who may see it?",
    "publish.private": "Private",
    "publish.private_help": "Only you, or the members of the organisation.",
    "publish.public": "Public",
    "publish.public_help": "Everybody can see it and download it.",
    "publish.photos.one": "Publish the photo as well",
    "publish.photos.many": "Publish the {n} photos as well",
    "publish.photos_warning": (
        "Usually not needed: the file works without them. Whoever sees the repository sees the "
        "photos, and what was public once may have been copied. Only the squares that the model "
        "saw go along, without place and date."
    ),
    "publish.token": "Access token",
    "publish.token_help": (
        "It is used for this upload alone and kept nowhere. You get one, with the right to write, "
        "on"
    ),
    "publish.token_help_own": (
        "Leave it empty to use the login of this computer. One you type is used for this upload "
        "alone and kept nowhere. You get it on"
    ),
    "publish.token_optional": "not needed: this computer is logged in",
    "publish.token_page": "the Hub’s page for tokens",
    "publish.go": "Publish",
    "published.title": "On the Hugging Face Hub",
    "published.checking": "Asking the Hub who you are…",
    "published.asking": "Going on…",
    "published.preparing": "Putting the files together…",
    "published.uploading": "Sending {file}…",
    "published.finishing": "Making it appear…",
    "published.ending": "Taking back what was begun…",
    "published.stop": "Stop",
    "published.exists": (
        "You have a repository {repository} already. Replace Petname’s files in it? Others in it "
        "are left alone."
    ),
    "published.update": "Replace them",
    "published.keep": "Leave it as it is",
    "published.done": "Published.",
    "published.open": "Open its page",
    "published.dismiss": "Close",
    "published.again": "Try again",
    "published.leftover": (
        "An empty repository {repository} may be left there; the next try uses it."
    ),
    "family.crayon": "Crayon",
    "family.sd1": "Stable Diffusion 1.x",
    "family.sd2": "Stable Diffusion 2.x",
    "family.sdxl": "Stable Diffusion XL",
    "import.drop.title": "Bring in a file from elsewhere",
    "import.drop.text": (
        "An embedding or a LoRA: .safetensors, .pt, .bin, or a picture with one inside"
    ),
    "import.added.one": "{name} has moved in: {what}, made for {family}.",
    "import.what.embedding": "an embedding",
    "import.what.negative": "an embedding for what should not be in pictures",
    "import.what.lora": "a LoRA",
    "import.added.many": "{n} files have moved in.",
    "pets.title": "Your pets",
    "pets.delete_photos": "Delete the photos only",
    "pets.delete_photos_sure": (
        "Delete all photos of {name}? What was taught stays. This cannot be undone."
    ),
    "pets.delete": "Delete everything",
    "pets.delete_sure": (
        "Delete {name} with photos, trainings, files and pictures? This cannot be undone."
    ),
    "pets.photos_deleted": "The photos are gone. What was taught is still here.",
    "pets.deleted": "Everything is gone, for good.",
    "storage.title": "Space used",
    "storage.text": "{used} of {quota} used; {free} free on this machine.",
    "storage.photos": "Photos",
    "storage.results": "Trainings",
    "storage.drawings": "Pictures",
    # What the script says
    "script.sending": "Sending…",
    "script.reading": "Looking at the photos…",
    "script.reading_file": "Looking at the file…",
    "script.reading_files": "Looking at the files…",
    "script.failed": "The upload did not arrive. Check the connection and try again.",
    "script.too_many": "Please choose at most 60 files at a time.",
    "script.files_one": "1 file",
    "script.files_many": "{n} files",
    "script.square_title": "What the model will see",
    "script.square_help": (
        "Drag the square, or move it with the arrow keys. Plus and minus change its size."
    ),
    "script.square_label": "Square the model will see",
    "script.square_size": "Size",
    "script.keep": "Keep this square",
    "script.cancel": "Cancel",
    "script.close": "Close",
    "script.rename_title": "A new name",
    "script.rename_label": "Name",
    "script.save": "Save",
    "script.sure": "Are you sure?",
    "script.copied": "Copied",
    "script.unexpected": "Something unexpected happened. Try again, or reload the page.",
    "script.offline": "The connection is gone. This page comes back by itself.",
    "script.back": (
        "The connection is back. What you did last may not have arrived: look, and do it again if "
        "it has not."
    ),
    "script.unkept": (
        "This browser keeps nothing for this page. Download your files before you leave or reload "
        "it: nobody could come back to them."
    ),
    "script.own_tab": "Open it in a tab of its own",
    "script.drawn": "The pictures are drawn.",
}
