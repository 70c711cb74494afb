"""The words of the page in French. ``words_en`` has the same keys."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "page.title": "Petname",
    "page.unexpected": "Un imprévu est survenu. Rechargez la page et réessayez.",
    "page.close": "Fermer",
    "header.home": "Petname, page d’accueil",
    "header.tagline": "Apprenez le nom de votre animal à un modèle d’images",
    "header.other_language": "English",
    "header.theme": "Clair ou sombre",
    "tab.all": "Étapes",
    "tab.upload": "Photos",
    "tab.train": "Apprendre",
    "tab.compare": "Comparer",
    "tab.manage": "Collection",
    "switcher.all": "Vos animaux",
    "switcher.new": "Nouvel animal",
    "switcher.unnamed": "Sans nom",
    # Photos
    "upload.title": "Montrez-nous votre animal",
    "upload.lead": (
        "Cinq à dix photos suffisent. Personne d’autre ne les voit, et le lieu et l’heure que "
        "votre téléphone y a inscrits sont effacés."
    ),
    "upload.keep_days.one": (
        "Sur ce serveur, tout ce qui est à vous est supprimé si vous ne revenez pas pendant un "
        "jour."
    ),
    "upload.keep_days.many": (
        "Sur ce serveur, tout ce qui est à vous est supprimé si vous ne revenez pas pendant {n} "
        "jours."
    ),
    "upload.drop.title": "Déposez vos photos ici, ou choisissez-les",
    "upload.drop.text": (
        "JPEG, PNG, WebP, HEIC, AVIF, GIF, ou un ZIP. Vous pouvez aussi en coller une."
    ),
    "upload.added.one": "Une photo ajoutée.",
    "upload.added.many": "{n} photos ajoutées.",
    "upload.failed": "L’envoi n’est pas arrivé. Vérifiez la connexion et réessayez.",
    "samples.title": "Pas de photos sous la main ?",
    "samples.text": "Empruntez un de nos animaux dessinés pour tout essayer.",
    "samples.use": "Essayer avec {name}",
    "samples.taken": "{name} est à vous. Tout est déjà rempli.",
    "class.dog": "chien",
    "class.cat": "chat",
    "class.rabbit": "lapin",
    "class.hamster": "hamster",
    "class.parrot": "perroquet",
    "class.pet": "animal",
    "refused.title.one": "Un fichier n’a pas pu être utilisé.",
    "refused.title.many": "{n} fichiers n’ont pas pu être utilisés.",
    "refused.others": "Les autres sont gardés.",
    "photos.count.one": "{n} photo",
    "photos.count.many": "{n} photos",
    "photos.add_more.one": "Encore une aiderait : cinq à dix photos, c’est l’idéal.",
    "photos.add_more.many": "Encore {n} aideraient : cinq à dix photos, c’est l’idéal.",
    "photos.flawed.one": "Une photo mérite un coup d’œil. Gardez-la ou remplacez-la.",
    "photos.flawed.many": "{n} photos méritent un coup d’œil. Gardez-les ou remplacez-les.",
    "photos.all_fine": "Toutes sont bonnes. Vérifiez que votre animal est bien dans chaque carré.",
    "photos.tips": "De bonnes photos, c’est quoi ?",
    "photos.tip1": "Votre animal est grand dans l’image, et seul.",
    "photos.tip2": "Des lieux, des lumières et des poses variés : seul votre animal reste le même.",
    "photos.tip3": "Nettes et claires, avec la tête visible sur la plupart.",
    "photos.alt": "Carré de {name} que verra le modèle",
    "photos.move": "Recadrer",
    "photos.remove": "Retirer {name}",
    "photos.remove_short": "Retirer",
    "verdict.fine": "Bonne photo",
    "verdict.small": "Plutôt petite",
    "verdict.blurred": "Un peu floue",
    "verdict.dark": "Plutôt sombre",
    "verdict.same_as": "Même photo que {other}",
    "verdict.mirrored_copy_of": "Copie en miroir de {other}",
    "form.title": "Qui est-ce ?",
    "form.lead": "Un nom pour vous, et un mot pour le modèle.",
    "form.name_subject": "Nom de votre animal",
    "form.name_style": "Nom du style",
    "form.name_negative": "Nom de cette collection",
    "form.name_example": "par exemple Rex",
    "form.class_word_subject": "Ce que c’est, en un mot",
    "form.class_word_style": "Ce que c’est, en un mot",
    "form.class_word_negative": "Ce que c’est, en deux mots",
    "form.class_word_help_style": (
        "Le mot courant dont part le nouveau : peinture, dessin, aquarelle… Le modèle ne connaît "
        "que l’anglais : nous traduisons ceux-ci ; écrivez tout autre mot en anglais."
    ),
    "form.class_word_help_negative": (
        "Les mots courants dont part le nouveau : mauvaise image, mauvaise photo ou mauvais "
        "dessin. Le modèle ne connaît que l’anglais : nous traduisons ceux-ci ; écrivez tout "
        "autre mot en anglais."
    ),
    "form.class_word_help_subject": (
        "Le mot courant dont part le nouveau. Le modèle ne connaît que l’anglais : nous "
        "traduisons les animaux courants ; écrivez tout autre mot en anglais."
    ),
    "form.class_word_vague": (
        "« Animal » reste vague. Dites chien, chat ou ce que c’est : le nouveau mot part de là."
    ),
    "form.class_words_subject": (
        "dog|cat|rabbit|horse|hamster|guinea pig|parrot|bird|turtle|fox|animal"
    ),
    "form.class_words_style": "painting|drawing|photo|watercolor|illustration",
    "form.class_words_negative": "bad picture|bad photo|bad drawing",
    "form.class_translations": (
        "mauvaise image=bad picture | mauvaise photo=bad photo | mauvais dessin=bad drawing | "
        "chien=dog | chienne=dog | chiot=dog | chat=cat | chatte=cat | chaton=cat | "
        "lapin=rabbit | lapine=rabbit | lapereau=rabbit | cobaye=guinea pig | "
        "cochon d’inde=guinea pig | souris=mouse | furet=ferret | gerbille=gerbil | "
        "cheval=horse | jument=horse | poulain=horse | poney=pony | âne=donkey | ânesse=donkey | "
        "vache=cow | veau=cow | taureau=bull | chèvre=goat | chevreau=goat | mouton=sheep | "
        "brebis=sheep | agneau=lamb | cochon=pig | lama=llama | alpaga=alpaca | renard=fox | "
        "ours=bear | loup=wolf | hérisson=hedgehog | écureuil=squirrel | perroquet=parrot | "
        "perruche=budgie | canari=canary | oiseau=bird | poule=chicken | coq=rooster | "
        "poussin=chick | canard=duck | cane=duck | oie=goose | dinde=turkey | hibou=owl | "
        "chouette=owl | tortue=turtle | lézard=lizard | iguane=iguana | serpent=snake | "
        "grenouille=frog | crapaud=toad | poisson=fish | poisson rouge=goldfish | "
        "araignée=spider | escargot=snail | caniche=poodle | bouledogue=bulldog | "
        "teckel=dachshund | épagneul=spaniel | colley=collie | berger allemand=german shepherd | "
        "chat tigré=tabby cat | chat siamois=siamese cat | siamois=siamese cat | "
        "chat persan=persian cat | persan=persian cat | jouet=toy | poupée=doll | "
        "peluche=teddy bear | ours en peluche=teddy bear | nounours=teddy bear | animal=pet | "
        "animal de compagnie=pet | peinture=painting | tableau=painting | dessin=drawing | "
        "croquis=sketch | aquarelle=watercolor | photographie=photo | image=picture"
    ),
    "form.word": "Le nouveau mot",
    "form.word_help": (
        "Vous l’écrirez dans vos demandes d’images. Mieux vaut un mot qui n’existe pas encore."
    ),
    "form.word_example": "par exemple rexdog",
    "form.word_kept": "En attendant, le mot reste « {word} ».",
    "form.word_good": "« {word} » est libre et fonctionne dans tous les programmes.",
    "form.suggest": "Proposer un mot",
    "form.take": "Prendre {word}",
    "form.kind": "Que voulez-vous apprendre au modèle ?",
    "kind.subject": "Un animal",
    "kind.subject_text": "Un animal (ou un objet) à reconnaître partout.",
    "kind.style": "Un style",
    "kind.style_text": "La façon de faire des images, quel que soit leur sujet.",
    "kind.negative": "Un « pas comme ça »",
    "kind.negative_text": "Des images dont vous ne voulez pas. Le mot dira ce qu’il faut éviter.",
    "form.markings": "Ses deux côtés sont-ils différents ?",
    "form.markings_yes": "Oui, ou je ne sais pas",
    "form.markings_yes_text": "Une tache sur un œil, une oreille pliée : aucune photo en miroir.",
    "form.markings_no": "Non, les deux se ressemblent",
    "form.markings_no_text": "Les copies en miroir comptent comme d’autres photos.",
    "next.ready": "Tout est prêt pour {name}. Le mot sera « {word} ».",
    "next.go": "Passer à l’apprentissage",
    "next.missing": "Avant de pouvoir commencer :",
    # Train
    "train.empty.title": "Pas encore d’animal à présenter",
    "train.empty.text": (
        "Ajoutez quelques photos et choisissez un mot ; l’apprentissage commencera ici."
    ),
    "train.empty_go": "Aller aux photos",
    "train.title": "Apprendre {name} au modèle",
    "train.lead.one": "Une photo, et le mot « {word} ».",
    "train.lead.many": "{n} photos, et le mot « {word} ».",
    "train.model": "Quel modèle d’images ?",
    "train.unusable": "Modèles qui ne fonctionnent pas ici",
    "train.custom": "Votre propre modèle",
    "train.custom_example": "Identifiant Hugging Face, dossier ou fichier .safetensors",
    "train.teach": "Que doit-il apprendre ?",
    "train.care": "Avec quel soin ?",
    "train.start": "Commencer",
    "train.leave": (
        "Vous pouvez fermer cette page. L’apprentissage continue, et vous retrouverez tout en "
        "revenant."
    ),
    "train.started.one": "L’apprentissage est lancé.",
    "train.started.many": "{n} apprentissages sont lancés, l’un après l’autre.",
    "model.crayon.title": "Crayon",
    "model.crayon.about": (
        "Notre petit modèle à nous, pour tout ordinateur. Il dessine des animaux de dessin "
        "animé ; du vôtre il en fait un, à peu près de ses couleurs."
    ),
    "model.sd15.title": "Stable Diffusion 1.5",
    "model.sd15.about": "Le classique : photos, peintures, et tout un monde d’extensions.",
    "model.sd21.title": "Stable Diffusion 2.1",
    "model.sd21.about": "Plus net que le 1.5, avec moins d’extensions.",
    "model.sdxl.title": "Stable Diffusion XL",
    "model.sdxl.about": "Les plus belles images, pour les cartes graphiques de 8 Go ou plus.",
    "model.custom.title": "Un modèle à vous",
    "model.custom.about": "De Hugging Face, d’un dossier ou d’un fichier.",
    "model.custom.needs": "Tout Stable Diffusion 1.x, 2.x ou XL",
    "model.download": "{size} à télécharger",
    "model.memory": "{size} de mémoire",
    "model.nothing": "Rien à télécharger",
    "model.licence": "Licence : {licence}",
    "model.can": "Fonctionne ici",
    "teach.both": "Les deux, pour comparer",
    "teach.both_text": "Deux apprentissages, l’un après l’autre. À vous de voir lequel vous plaît.",
    "teach.embedding": "Un nouveau mot (embedding)",
    "teach.embedding_text": (
        "Un embedding : une entrée dans le dictionnaire du modèle. Un fichier minuscule."
    ),
    "teach.pivotal": "Mot et savoir-faire réunis",
    "teach.pivotal_text": (
        "Un embedding et un LoRA qui apprennent ensemble. Chacun des deux fichiers vaut peu sans "
        "l’autre : on emporte les deux."
    ),
    "teach.lora": "Un nouveau savoir-faire (LoRA)",
    "teach.lora_text": (
        "Un LoRA : une retouche de la partie qui peint. Il peut apprendre ce qu’aucun mot ne "
        "nomme ; fichier plus gros."
    ),
    "preset.quick": "Rapide",
    "preset.quick_text": "Une première impression.",
    "preset.balanced": "Équilibré",
    "preset.balanced_text": "Plus ressemblant, mais plus long.",
    "preset.careful": "Soigné",
    "preset.careful_text": "Pour le dernier brin de ressemblance.",
    "preset.about": "environ {time} au plus",
    "runs.title": "Apprentissages",
    "method.embedding": "Embedding",
    "method.lora": "LoRA",
    "method.pivotal": "Embedding et LoRA réunis",
    "run.pause": "Pause",
    "run.resume": "Reprendre",
    "run.again": "Réessayer",
    "run.stop": "Arrêter et garder le meilleur",
    "run.remove": "Retirer",
    "run.remove_sure": "Retirer cet apprentissage ? On ne pourra plus le réessayer ensuite.",
    "run.removed": "Retiré.",
    "run.next": "En attente, le prochain sur la liste",
    "run.queued": "En attente, numéro {position} sur la liste",
    "run.pausing": "Mise en pause : on note où l’on en est…",
    "run.stopping": "Arrêt : on garde le meilleur…",
    "run.cancelling": "Annulation…",
    "run.left": "encore {time}",
    "run.took": "{time} en tout",
    "run.steps": "étape {step} sur {max_steps}",
    "run.compare": "Comparer les images",
    "run.details": "Courbes, et sens du mot",
    "run.download": "Aller au fichier",
    "run.plan.one": "Calculé sur {device} en {type}, une image à la fois.",
    "run.plan.many": "Calculé sur {device} en {type}, {n} images à la fois.",
    "run.plan_recompute": "Une partie est calculée deux fois pour économiser la mémoire.",
    "device.cpu": "le processeur",
    "device.cuda": "la carte graphique",
    "phase.starting": "On se prépare…",
    "phase.downloading": "Téléchargement du modèle…",
    "phase.loading_model": "Réveil du modèle…",
    "phase.preparing_photos": "On regarde les photos…",
    "phase.training": "Il apprend…",
    "phase.exporting": "Écriture du fichier…",
    "phase.checking": "Essai du fichier…",
    "status.queued": "En attente",
    "status.running": "Il apprend…",
    "status.paused": "En pause. Rien n’est perdu.",
    "status.done": "Terminé",
    "status.cancelled": "Arrêté avant qu’il y ait quoi que ce soit à garder",
    "status.failed": "Cela n’a pas marché",
    "judged.too_early": "Trop tôt pour le dire. Les premières images sont encore des essais.",
    "judged.getting_close": "{name} : de plus en plus ressemblant.",
    "judged.this_is_it": "C’est {name} !",
    "judged.copying_photos": "Il commence à recopier vos photos. C’est le bon moment pour arrêter.",
    "judged.not_improving": "Plus de progrès. Le meilleur résultat est gardé.",
    "judged.style_not_improving": (
        "Plus de progrès mesurable, mais il y en a peut-être. Il va jusqu’à la dernière étape."
    ),
    "judged.style_done_not_improving": (
        "Les chiffres n’évoluaient plus. Regardez les images : un style se juge surtout à l’œil."
    ),
    "judged.best": "Meilleur jusqu’ici : étape {step}.",
    "judged.negative_too_early": "Trop tôt pour le dire. Il commence à peine à apprendre.",
    "judged.negative_getting_close": "Il apprend ce qu’il faut éviter.",
    "judged.negative_this_is_it": "Il sait ce qu’il faut éviter, et ne progresse plus guère.",
    "judged.negative_not_improving": (
        "Plus de progrès mesurable, mais il y en a peut-être. Il va jusqu’à la dernière étape."
    ),
    "judged.negative_done_too_early": (
        "Il a encore peu appris. Un apprentissage plus soigné ou d’autres images peuvent aider."
    ),
    "judged.negative_done_getting_close": (
        "Il sait ce qu’il faut éviter. Un apprentissage plus soigné peut le préciser encore."
    ),
    "judged.negative_done_this_is_it": "Il sait ce qu’il faut éviter.",
    "judged.negative_done_not_improving": (
        "Plus de progrès, et peu d’acquis. D’autres images peuvent aider."
    ),
    "judged.done_too_early": (
        "Cela ne ressemble pas encore beaucoup à {name}. Un apprentissage plus soigné ou d’autres "
        "photos peuvent aider."
    ),
    "judged.done_getting_close": (
        "{name} : presque. Un apprentissage plus soigné peut s’en rapprocher encore."
    ),
    "judged.done_this_is_it": "C’est {name} !",
    "judged.done_copying_photos": "C’est {name}, même s’il commence à recopier vos photos.",
    "judged.done_not_improving": "Plus de progrès. Voici le mieux qu’il ait fait.",
    "judged.kept": "L’étape {step} était la meilleure ; elle est gardée.",
    "likeness.previews": "Ressemblance, essais faciles et difficiles",
    "likeness.file": "Ressemblance, demande simple",
    "likeness.drawn": "Ressemblance de ces images",
    "likeness.value": "{value} / 100",
    "likeness.unmeasured": "La ressemblance n’a pas été mesurée ici.",
    "redrawn.title": "Vos photos, dessinées par Crayon",
    "redrawn.text": (
        "Crayon ne connaît que les dessins. Il apprend de ces dessins de vos photos, et la "
        "ressemblance est mesurée par rapport à eux."
    ),
    "redrawn.alt": "Photo {number}, dessinée par Crayon",
    "previews.title": "Ce que le mot dessine",
    "previews.before": "avant",
    "previews.step": "étape {step}",
    "previews.alt": "Image après l’étape {step} : {prompt}",
    "chart.steps": "étapes",
    "chart.loss": "Surprise",
    "chart.loss_help": (
        "Perte de validation : à quel point vos photos surprennent encore le modèle. Moins, c’est "
        "mieux."
    ),
    "chart.loss_help_redrawn": (
        "Perte de validation : à quel point les dessins de vos photos surprennent encore le "
        "modèle. Moins, c’est mieux."
    ),
    "chart.loss_axis": "perte de validation",
    "chart.loss_waiting": "La courbe de la perte de validation va bientôt commencer.",
    "chart.loss_summary": "Perte de validation de {first} à {last} à l’étape {step}.",
    "chart.likeness": "Ressemblance",
    "chart.likeness_help": (
        "À quel point les essais d’une étape, faciles et difficiles, ressemblent à vos photos. "
        "Plus, c’est mieux."
    ),
    "chart.likeness_help_redrawn": (
        "À quel point les essais d’une étape, faciles et difficiles, ressemblent aux dessins de "
        "vos photos. Plus, c’est mieux."
    ),
    "chart.likeness_axis": "ressemblance (0–100)",
    "chart.likeness_waiting": "La courbe de la ressemblance va bientôt commencer.",
    "chart.likeness_summary": "Ressemblance de {first} à {last} sur 100 à l’étape {step}.",
    "nearest.title": "Ce que le mot veut dire pour l’instant",
    "nearest.title_done": "Ce que le mot veut dire",
    "nearest.text": "Les mots du dictionnaire les plus proches de « {word} ».",
    # Compare
    "compare.empty.title": "Rien à comparer pour l’instant",
    "compare.empty.text": (
        "Dès qu’un apprentissage est terminé, ses images s’alignent ici, côte à côte."
    ),
    "compare.empty_go": "Aller à l’apprentissage",
    "compare.title": "Voyez ce qu’il a appris",
    "compare.lead": "La même phrase et le même tirage pour tous : seul l’apprentissage diffère.",
    "compare.prompt": "Que doit-on voir sur l’image ? (en anglais)",
    "compare.insert": "Insérer",
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
    "compare.embedding_strength": "Force de l’embedding",
    "compare.lora": "LoRA",
    "compare.lora_strength": "Force du LoRA",
    "compare.none": "Aucun",
    "compare.seed": "Graine du hasard",
    "compare.seed_help": "Le même nombre redonne la même image.",
    "compare.dice": "Lancer les dés",
    "compare.num_images": "Images par colonne",
    "compare.negative": "Que ne doit-on pas voir ? (en anglais)",
    "compare.negative_example": "par exemple : blurry",
    "compare.negative_help": "Vos mots « pas comme ça » s’y ajoutent d’eux-mêmes.",
    "compare.negative_files": "À éviter aussi :",
    "compare.steps": "Étapes de dessin",
    "compare.steps_help": "Moins, c’est plus rapide ; trop peu, l’image reste inachevée.",
    "compare.draw": "Dessiner",
    "drawing.title": "Côte à côte",
    "drawing.waiting": "On attend un crayon…",
    "drawing.after_training": "On attend la fin de l’apprentissage…",
    "drawing.drawing": "On dessine…",
    "drawing.cancel": "Arrêter le dessin",
    "drawing.picture": "{column}, graine {seed}",
    "drawing.download_one": "Télécharger : {name}",
    "drawing.download_short": "Télécharger",
    "drawing.download_grid": "Tout télécharger en une image",
    "column.base": "Sans le nouveau mot",
    "column.embedding": "Embedding",
    "column.lora": "LoRA",
    "column.both": "Les deux ensemble",
    "facts.trained": "Appris par",
    "facts.trained_base": "personne : il dessine le mot courant",
    "facts.trained_embedding": "le dictionnaire du modèle",
    "facts.trained_lora": "l’UNet, la partie qui peint",
    "facts.trained_both": "le dictionnaire et l’UNet",
    "facts.size": "Fichier",
    "facts.time": "Durée",
    "facts.word": "Mot",
    "facts.date": "Fait le",
    "facts.origin": "Venu",
    "facts.imported": "d’ailleurs",
    "slider.title": "L’une sur l’autre",
    "slider.text": "Faites glisser la ligne, ou utilisez les flèches du clavier.",
    "slider.left": "À gauche",
    "slider.right": "À droite",
    "slider.label": "Position de la ligne entre les deux images",
    # Collection
    "manage.title": "Tout ce que vous avez appris au modèle",
    "manage.lead": "Chaque fichier est à vous, à télécharger quand vous voulez.",
    "manage.empty.title": "Votre collection est encore vide",
    "manage.empty.text": (
        "Les apprentissages terminés sont rangés ici, prêts à être téléchargés. Des fichiers "
        "venus d’ailleurs peuvent aussi s’y installer."
    ),
    "manage.empty_go": "Apprendre un premier mot",
    "manage.more": "En montrer plus",
    "manage.pictures": "Images : {name}",
    "manage.rename": "Renommer {name}",
    "manage.rename_short": "Renommer",
    "manage.download": "Télécharger",
    "manage.pair": "Va de pair",
    "manage.pair_embedding": "avec le LoRA du même apprentissage ; l’un ne va pas sans l’autre",
    "manage.pair_lora": "avec l’embedding du même apprentissage ; l’un ne va pas sans l’autre",
    "manage.usage": "Mode d’emploi",
    "manage.usage_hide": "Replier",
    "manage.copy": "Copier",
    "manage.negative": "L’utiliser pour ce qu’on ne doit pas voir",
    "manage.negative_on": "{name} dit maintenant ce qu’on ne doit pas voir.",
    "manage.negative_off": "{name} dit maintenant ce qu’on doit voir.",
    "manage.delete": "Supprimer",
    "manage.delete_embedding": (
        "Supprimer l’embedding {name} et son apprentissage ? C’est sans retour."
    ),
    "manage.delete_lora": "Supprimer le LoRA {name} et son apprentissage ? C’est sans retour.",
    "manage.delete_pair": (
        "Supprimer {name} et son apprentissage ? L’embedding et le LoRA partent tous les deux. "
        "C’est sans retour."
    ),
    "manage.delete_imported_embedding": "Supprimer l’embedding {name} ? C’est sans retour.",
    "manage.delete_imported_lora": "Supprimer le LoRA {name} ? C’est sans retour.",
    "manage.delete_yes": "Supprimer pour de bon",
    "manage.deleted": "Supprimé, pour de bon.",
    "kits.open": "Kit pour un programme…",
    "kits.lead": (
        "Un kit est un ZIP avec tout ce qu’il faut à un programme : le fichier, des images, des "
        "phrases à essayer, et un guide illustré."
    ),
    "kits.crayon": (
        "Crayon est le modèle de Petname : les autres programmes ne savent pas le charger, ses "
        "fichiers ne marchent donc qu’en Python."
    ),
    "kits.both": "Kit avec embedding et LoRA",
    "kits.one": "Kit",
    "kits.file_for": "Le fichier seul, pour {program}",
    "kits.file_about": "Écrit comme il le veut, sans images ni guide.",
    "manage.recreate": "Refaire le même apprentissage",
    "manage.recreate_title": "Remplir les choix comme ce fichier a été appris",
    "like.title": "Comme « {name} »",
    "like.vectors.one": "{n} vecteur",
    "like.vectors.many": "{n} vecteurs",
    "like.rank": "rang {rank}",
    "like.steps": "{steps} étapes",
    "like.seed": "graine {seed}",
    "like.incomplete": "Le fichier ne dit pas tout ; des valeurs courantes comblent les manques.",
    "like.other_model": "Il a été appris sur {model}, qui ne peut pas servir ici.",
    "like.forget": "Oublier",
    # Publier
    "publish.open": "Publier",
    "publish.title": "Publier sur le Hub de Hugging Face",
    "publish.lead": (
        "Hugging Face est un site où l’on partage des modèles ; il y faut un compte gratuit. "
        "{name} y aura sa propre page, avec ses images et son mode d’emploi."
    ),
    "publish.use": "D’autres programmes pourront le charger de là.",
    "publish.use_crayon": (
        "Le fichier ne marche qu’avec Crayon : dans Petname, ou avec diffusers en Python."
    ),
    "publish.follow": "Vous pouvez fermer cette fenêtre, et même la page : l’envoi continue.",
    "publish.repository": "Nom du dépôt",
    "publish.repository_help": (
        "Il sera placé sous votre nom. Pour une organisation, écrivez : organisation/nom"
    ),
    "publish.visibility": "Qui peut le voir ?",
    "publish.private": "Privé",
    "publish.private_help": "Seulement vous, ou les membres de l’organisation.",
    "publish.public": "Public",
    "publish.public_help": "Tout le monde peut le voir et le télécharger.",
    "publish.photos.one": "Publier aussi la photo",
    "publish.photos.many": "Publier aussi les {n} photos",
    "publish.photos_warning": (
        "D’habitude inutile : le fichier marche sans elles. Qui voit le dépôt voit les photos, et "
        "ce qui a été public une fois a pu être copié. Seuls les carrés que le modèle a vus "
        "partent, sans lieu ni date."
    ),
    "publish.token": "Jeton d’accès",
    "publish.token_help": (
        "Il ne sert qu’à cet envoi et n’est gardé nulle part. Vous en obtenez un, avec le droit "
        "d’écrire, sur"
    ),
    "publish.token_help_own": (
        "Laissez vide pour utiliser la connexion de cet ordinateur. Un jeton saisi ne sert qu’à "
        "cet envoi et n’est gardé nulle part. Vous l’obtenez sur"
    ),
    "publish.token_optional": "inutile : cet ordinateur est connecté",
    "publish.token_page": "la page des jetons du Hub",
    "publish.go": "Publier",
    "published.title": "Sur le Hub de Hugging Face",
    "published.checking": "Le Hub vérifie qui vous êtes…",
    "published.asking": "On continue…",
    "published.preparing": "Les fichiers sont rassemblés…",
    "published.uploading": "Envoi de {file}…",
    "published.finishing": "Mise en place…",
    "published.ending": "Ce qui était commencé est retiré…",
    "published.stop": "Arrêter",
    "published.exists": (
        "Vous avez déjà un dépôt {repository}. Y remplacer les fichiers de Petname ? Les autres "
        "n’y bougent pas."
    ),
    "published.update": "Les remplacer",
    "published.keep": "Le laisser tel quel",
    "published.done": "C’est publié.",
    "published.open": "Ouvrir sa page",
    "published.dismiss": "Fermer",
    "published.again": "Réessayer",
    "published.leftover": (
        "Un dépôt vide {repository} peut y être resté ; le prochain essai s’en servira."
    ),
    "family.crayon": "Crayon",
    "family.sd1": "Stable Diffusion 1.x",
    "family.sd2": "Stable Diffusion 2.x",
    "family.sdxl": "Stable Diffusion XL",
    "import.drop.title": "Installer un fichier venu d’ailleurs",
    "import.drop.text": (
        "Un embedding ou un LoRA : .safetensors, .pt, .bin, ou une image qui en porte un"
    ),
    "import.added.one": "{name} est installé : {what}, fait pour {family}.",
    "import.what.embedding": "un embedding",
    "import.what.negative": "un embedding pour ce qu’on ne doit pas voir",
    "import.what.lora": "un LoRA",
    "import.added.many": "{n} fichiers sont installés.",
    "pets.title": "Vos animaux",
    "pets.delete_photos": "Supprimer seulement les photos",
    "pets.delete_photos_sure": (
        "Supprimer toutes les photos ({name}) ? Ce qui est appris reste. C’est sans retour."
    ),
    "pets.delete": "Tout supprimer",
    "pets.delete_sure": (
        "Supprimer {name} avec ses photos, apprentissages, fichiers et images ? C’est sans retour."
    ),
    "pets.photos_deleted": "Les photos ont disparu. Ce qui est appris est toujours là.",
    "pets.deleted": "Tout a disparu, pour de bon.",
    "storage.title": "Place occupée",
    "storage.text": "{used} sur {quota} ; {free} libres sur cette machine.",
    "storage.photos": "Photos",
    "storage.results": "Apprentissages",
    "storage.drawings": "Images",
    # What the script says
    "script.sending": "Envoi…",
    "script.reading": "On regarde les photos…",
    "script.reading_file": "On examine le fichier…",
    "script.reading_files": "On examine les fichiers…",
    "script.failed": "L’envoi n’est pas arrivé. Vérifiez la connexion et réessayez.",
    "script.too_many": "Choisissez au plus 60 fichiers à la fois.",
    "script.files_one": "1 fichier",
    "script.files_many": "{n} fichiers",
    "script.square_title": "Ce que verra le modèle",
    "script.square_help": (
        "Faites glisser le carré, ou déplacez-le avec les flèches. Plus et moins changent sa "
        "taille."
    ),
    "script.square_label": "Carré que verra le modèle",
    "script.square_size": "Taille",
    "script.keep": "Garder ce carré",
    "script.cancel": "Annuler",
    "script.close": "Fermer",
    "script.rename_title": "Un nouveau nom",
    "script.rename_label": "Nom",
    "script.save": "Enregistrer",
    "script.sure": "Vraiment ?",
    "script.copied": "Copié",
    "script.unexpected": "Un imprévu est survenu. Réessayez, ou rechargez la page.",
    "script.offline": "La connexion est coupée. La page revient d’elle-même.",
    "script.back": (
        "La connexion est revenue. Ce que vous venez de faire n’est peut-être pas arrivé : "
        "vérifiez, et recommencez si besoin."
    ),
    "script.unkept": (
        "Ce navigateur ne retient rien de cette page. Téléchargez vos fichiers avant de la quitter "
        "ou de la recharger : personne ne pourrait plus y revenir."
    ),
    "script.own_tab": "Ouvrir dans son propre onglet",
    "script.drawn": "Les images sont prêtes.",
}
