"""What goes wrong, is missing or is worth knowing, in French. ``errors_en`` has the same keys."""

from __future__ import annotations

ERRORS: dict[str, str] = {
    "not_found": "Ceci n’est plus là. Rechargez la page pour voir ce qui existe.",
    # The page itself
    "page.bad_command": (
        "La page a envoyé quelque chose d’incompréhensible. Rechargez-la et réessayez."
    ),
    "recreate.no_photos": (
        "Ouvrez d’abord un animal qui a des photos et un mot ; il pourra alors être appris comme "
        "ce fichier."
    ),
    "page.too_long": "Ce texte est trop long : {max_characters} caractères au plus.",
    "page.no_model": "Écrivez quel modèle utiliser, ou choisissez-en un de la liste.",
    "page.nothing_worn": "Choisissez un embedding ou un LoRA à comparer.",
    "page.different_models": (
        "{first} est fait pour {first_model}, {second} pour {second_model}. Choisissez deux "
        "fichiers pour le même modèle."
    ),
    "page.prompt_without_word": (
        "Mettez le mot « {word} » dans la phrase : c’est lui qui amène ce qui a été appris."
    ),
    # Publier
    "publish.no_name": "Il faut un nom pour le dépôt.",
    "publish.bad_name": (
        "Le nom d’un dépôt se compose de lettres sans accents, de chiffres, de traits d’union, de "
        "tirets bas et de points. Pourquoi pas {suggestion} ?"
    ),
    "publish.no_token": "Il faut un jeton du Hub de Hugging Face, avec le droit d’écrire.",
    "publish.bad_token": (
        "Le Hub de Hugging Face ne connaît pas ce jeton. Créez-en un nouveau, copiez-le en entier "
        "et réessayez."
    ),
    "publish.forbidden": (
        "Ce jeton n’a pas le droit d’écrire dans {repository}. Créez-en un avec le droit d’écrire."
    ),
    "publish.other_owner": "Ce jeton est à {user}, qui ne peut pas publier sous {owner}.",
    "publish.exists": (
        "Vous avez déjà un dépôt {repository}. Choisissez un autre nom, ou laissez remplacer ses "
        "fichiers."
    ),
    "publish.is_private": (
        "Votre dépôt {repository} existe et il est privé. Choisissez privé, ou un autre nom."
    ),
    "publish.is_public": (
        "Votre dépôt {repository} existe et il est public. Choisissez public, ou un autre nom."
    ),
    "publish.offline": (
        "Le Hub de Hugging Face est injoignable. Vérifiez la connexion à Internet et réessayez."
    ),
    "publish.offline_mode": (
        "Petname a reçu l’ordre de rester hors ligne (HF_HUB_OFFLINE est défini). Démarrez-le sans "
        "cela pour publier."
    ),
    "publish.quota": (
        "Votre espace sur le Hub de Hugging Face est épuisé. Faites-y de la place, ou publiez en "
        "public, où il y en a davantage."
    ),
    "publish.too_often": (
        "Le Hub de Hugging Face vous demande d’attendre un peu avant de publier à nouveau."
    ),
    "publish.gone": "Le dépôt {repository} n’existe plus. Veuillez réessayer.",
    "publish.strange": "Le Hub de Hugging Face n’a pas pris les fichiers. Réessayez plus tard.",
    "publish.files": (
        "Un fichier n’a pas pu être lu ou écrit sur cette machine. Veuillez réessayer."
    ),
    "publish.interrupted": ("L’envoi a été interrompu. Rien n’a été publié ; veuillez réessayer."),
    "publish.unclear": (
        "L’envoi a été interrompu tout à la fin. Regardez sur le Hub si {repository} est arrivé ; "
        "sinon, réessayez."
    ),
    "publish.cancelled": "Vous l’avez arrêté. Rien n’a été publié.",
    "publish.under_way": "Ce fichier est déjà en cours de publication.",
    "publish.busy": (
        "Assez de fichiers sont en cours de publication. Réessayez quand l’un d’eux sera prêt."
    ),
    # Photos
    "photo.empty": "{name} est vide : rien n’est arrivé. Renvoyez-la, s’il vous plaît.",
    "photo.unreadable": "{name} n’a pas pu être lue ici. Renvoyez-la, s’il vous plaît.",
    "photo.file_too_large": (
        "{name} dépasse {limit_megabytes} Mo. Envoyez-en une copie plus petite."
    ),
    "photo.svg": (
        "{name} est un dessin SVG, qui peut contenir des programmes. Envoyez-le en PNG ou JPEG."
    ),
    "photo.web_page": "{name} est une page web, pas une photo. Enregistrez la photo elle-même.",
    "photo.text": "{name} contient du texte, pas une photo, quoi qu’en dise son nom.",
    "photo.pdf": "{name} est un PDF. Envoyez la photo qu’il contient, en JPEG ou PNG.",
    "photo.video": "{name} est une vidéo. Envoyez des photos, ou des images tirées de la vidéo.",
    "photo.other_picture": (
        "{name} est une image que Petname ne lit pas (TIFF, brut d’appareil, BMP et autres). "
        "Enregistrez-la en JPEG ou PNG."
    ),
    "photo.other_archive": (
        "{name} est une archive que Petname ne lit pas. Envoyez les photos, ou un ZIP."
    ),
    "photo.not_a_picture": (
        "{name} n’est pas une image connue de Petname. Envoyez un JPEG ou un PNG."
    ),
    "photo.broken_off": "{name} est incomplète : il en manque {missing_percent} %. Renvoyez-la.",
    "photo.damaged": "{name} est abîmée et ne s’ouvre pas. Renvoyez l’original.",
    "photo.too_large": (
        "{name} a {megapixels} mégapixels, plus que les {limit_megapixels} que Petname lit dans "
        "ce format. Envoyez une copie plus petite, ou un JPEG."
    ),
    "photo.bomb": (
        "{name} annonce {megapixels} mégapixels dans un fichier minuscule, ce qu’aucun appareil "
        "ne fait. Elle n’a pas été ouverte."
    ),
    "photo.too_small": (
        "{name} ne fait que {width} × {height} pixels ; il en faut au moins {limit_pixels}. "
        "Envoyez-en une plus grande."
    ),
    "photo.took_too_long": (
        "{name} a mis plus de {limit_seconds} secondes à s’ouvrir : nous avons renoncé. "
        "Enregistrez-la en JPEG ordinaire."
    ),
    "photo.too_much_memory": (
        "{name} demande trop de mémoire pour s’ouvrir. Envoyez-en une copie plus petite."
    ),
    "photo.crashed": (
        "{name} n’a pas pu être ouverte : le décodeur s’est arrêté dessus. Enregistrez-la en JPEG "
        "ordinaire et renvoyez-la."
    ),
    "photos.in_use": "L’apprentissage a encore besoin de ces photos. Arrêtez-le d’abord.",
    "note.first_frame": "Elle est animée ; sa première image est utilisée.",
    "note.incomplete": "Il en manque un peu en bas ; le reste est utilisé.",
    "note.transparent": "Elle est transparente par endroits ; du blanc a été mis derrière.",
    "zip.damaged": "{name} est un ZIP abîmé. Refaites-le, ou envoyez les photos seules.",
    "zip.no_pictures": "{name} ne contient pas de photos. Envoyez un ZIP avec des photos.",
    "zip.bomb": (
        "{name} se déplierait en bien plus que des photos. Il n’a pas été ouvert ; envoyez les "
        "photos elles-mêmes."
    ),
    "zip.too_many": "{name} contient plus de {limit} fichiers. Envoyez-en moins à la fois.",
    "zip.too_large": (
        "{name} fait plus de {limit_megabytes} Mo une fois ouvert. Envoyez moins de photos à la "
        "fois."
    ),
    "zip.unsafe": (
        "{name} cherche à écrire hors de son dossier, ou à tromper. Il n’a pas été ouvert ; "
        "envoyez les photos elles-mêmes."
    ),
    "zip.encrypted": "{name} est protégé par un mot de passe. Envoyez-le sans.",
    "zip.nested": "{name} est un ZIP dans un ZIP. Ouvrez-le et envoyez ses photos.",
    "zip.packing": (
        "{name} est compressé d’une façon inhabituelle. Faites un ZIP ordinaire, ou envoyez les "
        "photos."
    ),
    "upload.broken": "L’envoi est arrivé incomplet ; recommencez, s’il vous plaît.",
    "upload.field_too_long": "Un champ de l’envoi est trop long. Rechargez la page et réessayez.",
    "upload.no_file": "Aucun fichier n’est arrivé ; choisissez-en un.",
    "upload.not_a_form": "L’envoi n’a pas la bonne forme. Rechargez la page et réessayez.",
    "upload.too_many_fields": "L’envoi a trop de champs. Rechargez la page et réessayez.",
    "upload.too_many_files": "Envoyez au plus {limit} fichiers à la fois.",
    "upload.unknown_purpose": "L’envoi ne dit pas à quoi il sert. Rechargez la page et réessayez.",
    # The pet
    "missing.photos": "Ajoutez au moins 3 photos ; 5 à 10, c’est l’idéal.",
    "missing.name": "Donnez un nom.",
    "missing.word": "Choisissez le nouveau mot.",
    "artifact.not_switchable": (
        "Seul un embedding venu d’ailleurs peut passer d’une demande à l’autre."
    ),
    "name.empty": "Donnez un nom, s’il vous plaît.",
    "name.letters": (
        "Un nom se compose de lettres, chiffres, espaces, traits d’union et apostrophes."
    ),
    "name.too_long": "Le nom peut avoir {limit} caractères au plus.",
    "class_word.empty": "Dites ce que c’est, par exemple : chien.",
    "class_word.too_long": "Dites en un à trois mots ce que c’est, par exemple : chien.",
    "class_word.letters": (
        "Ce mot ne peut avoir que des lettres, des chiffres, des espaces, des traits d’union et "
        "des apostrophes."
    ),
    "word.empty": "Il faut un mot pour appeler votre animal dans une demande d’image.",
    "word.letters": (
        "Utilisez seulement des minuscules de a à z (sans accents), des chiffres, des traits "
        "d’union et des tirets bas, pour que tous les programmes comprennent le mot."
    ),
    "word.too_short": "Le mot doit avoir au moins 3 lettres.",
    "word.too_long": "Le mot peut avoir 41 lettres au plus.",
    "word.start": "Le mot doit commencer par une lettre.",
    "word.ending": (
        "Le mot doit finir par une lettre : les programmes ajoutent eux-mêmes des nombres."
    ),
    "word.double_underscore": (
        "Deux tirets bas de suite ont un autre sens dans une demande d’image."
    ),
    "word.splits": (
        "Les mots « and » et « break » coupent la demande en deux dans certains programmes."
    ),
    "word.reserved": "Ce mot a un autre sens pour certains programmes.",
    "word.taken": "Vous avez déjà ce mot.",
    "word.overlaps": (
        "Ce mot et un autre des vôtres se contiennent ; les programmes les confondraient."
    ),
    "word.ordinary": "Les modèles connaissent déjà ce mot ; le vôtre prendrait sa place partout.",
    "owner.token": "Cette page ne sait plus qui vous êtes. Rechargez-la, s’il vous plaît.",
    # Limits
    "quota.concepts": (
        "Vous avez {limit} mots, le maximum possible. Supprimez-en un pour en apprendre un autre."
    ),
    "quota.photos": "{name} n’a pas été prise : un mot peut avoir {limit} photos.",
    "quota.runs": (
        "{limit} de vos apprentissages au plus peuvent attendre ou tourner à la fois. Attendez la "
        "fin de l’un, ou arrêtez-en un."
    ),
    "quota.queue": "Beaucoup de monde attend en ce moment. Réessayez plus tard, s’il vous plaît.",
    "quota.drawings": "Vos images précédentes sont encore en cours. Attendez-les, ou arrêtez-les.",
    "quota.space": (
        "Vos mots occupent {used_mb} Mo sur {quota_mb} Mo. Supprimez ce qui ne sert plus."
    ),
    # Training
    "training.already": (
        "C’est déjà en cours d’apprentissage. Attendez la fin, ou arrêtez-le d’abord."
    ),
    "training.paused_already": (
        "Un apprentissage est en pause. Reprenez-le, ou arrêtez-le pour recommencer."
    ),
    "training.gave_up": (
        "L’apprentissage a été interrompu plusieurs fois au même endroit et abandonné. Cliquez "
        "sur « Réessayer » pour continuer, ou choisissez un modèle plus petit."
    ),
    "training.result_missing": (
        "L’apprentissage est fini, mais son fichier manque ou est abîmé. Cliquez sur « Réessayer »."
    ),
    "training.key": "La demande d’apprentissage est illisible. Rechargez la page et réessayez.",
    "training.methods": "Choisissez que faire : un embedding, un LoRA, ou les deux.",
    "training.negative_method": (
        "Un « pas comme ça » ne s’apprend que comme nouveau mot (un embedding)."
    ),
    "training.over": "Cet apprentissage est terminé. Commencez-en un nouveau.",
    "training.has_more": (
        "Cet apprentissage n’est pas terminé, ou il a fait un fichier. Arrêtez-le, ou supprimez "
        "son fichier."
    ),
    "training.stopping": "Cet apprentissage s’arrête ; le meilleur résultat est gardé.",
    "training.photos_gone": (
        "Des photos de cet apprentissage ont été supprimées : il ne peut pas continuer. "
        "Commencez-en un nouveau."
    ),
    "training.photos_changed": (
        "Une photo a été supprimée entre-temps. Vérifiez les photos, puis recommencez."
    ),
    "training.seed": "La graine doit être un nombre de 0 à 4294967295.",
    "run.crashed": (
        "L’apprentissage a rencontré un problème inconnu. Cliquez sur « Réessayer » ; le journal "
        "en dit plus."
    ),
    "run.no_photos": "Il n’y a pas de photos à regarder. Ajoutez-en d’abord.",
    "run.out_of_memory": (
        "La mémoire ne suffit pas pour ce modèle ici, même au plus petit réglage. Fermez d’autres "
        "programmes ou choisissez un modèle plus petit."
    ),
    "run.ran_away": (
        "L’apprentissage s’est emballé à l’étape {step}, deux fois. Essayez un autre réglage ou "
        "d’autres photos."
    ),
    "run.result_unusable": (
        "Le fichier terminé ne fonctionne pas quand on le rouvre. Relancez l’apprentissage ; si "
        "cela n’aide pas, essayez un autre réglage."
    ),
    "run.storage": (
        "Un fichier n’a pas pu être lu ou écrit. Vérifiez l’espace libre du disque, puis cliquez "
        "sur « Réessayer » ; rien d’enregistré n’est perdu."
    ),
    "notice.checkpoint_damaged": (
        "La dernière sauvegarde était abîmée ; on repart de la précédente."
    ),
    "notice.checkpoints_lost": (
        "Ce qui était enregistré était abîmé : l’apprentissage reprend du début."
    ),
    "notice.ran_away": (
        "L’apprentissage s’est emballé à l’étape {step}. On repart, plus doucement, de l’étape "
        "{back_to}."
    ),
    "notice.no_likeness": (
        "Ce qui mesure la ressemblance n’a pas pu être téléchargé. L’apprentissage continue sans."
    ),
    "notice.smaller_plan": (
        "La mémoire manquait. On continue avec {pictures_at_a_time} image(s) à la fois."
    ),
    # Drawings
    "drawing.cancelled": "Vous avez arrêté ce dessin.",
    "drawing.crashed": (
        "Le dessin s’est interrompu. Réessayez ; si cela se reproduit, demandez moins d’images."
    ),
    "drawing.no_prompt": "Écrivez d’abord ce qu’il faut dessiner.",
    "drawing.other_family": (
        "{name} est fait pour {made_for} ; le modèle choisi est {chosen}. Choisissez un modèle qui "
        "lui va, ou un autre fichier."
    ),
    "drawing.out_of_range": "Un nombre est hors limites : il doit aller de {lowest} à {highest}.",
    "drawing.prompt_too_long": "Le texte peut avoir {limit} caractères au plus.",
    "drawing.storage": (
        "Une image n’a pas pu être lue ou écrite. Vérifiez l’espace libre et réessayez."
    ),
    "drawing.unreadable": "La demande de ces images est illisible. Dessinez-les à nouveau.",
    # Storage and server
    "storage.disk_full": (
        "Le disque est presque plein (il reste {free_megabytes} Mo) ; rien n’a été enregistré. "
        "Supprimez quelque chose et réessayez."
    ),
    "storage.files": (
        "Un fichier du dossier de données n’a pas pu être lu ou écrit. Vérifiez l’espace libre du "
        "disque et réessayez."
    ),
    "storage.not_local": (
        "Le dossier de données est sur un disque peu sûr pour lui, par exemple un disque réseau. "
        "Choisissez un dossier de cette machine avec PETNAME_DATA_DIR."
    ),
    "storage.folder": (
        "Le dossier de données est inutilisable. Choisissez-en un autre avec PETNAME_DATA_DIR."
    ),
    "storage.full": (
        "Le disque est plein ; rien n’a été enregistré. Supprimez quelque chose et réessayez."
    ),
    "storage.index": "La liste de vos mots n’a pas pu être lue. Relancez Petname ; il la réparera.",
    "storage.in_use": "Petname tourne déjà ici. Utilisez celui-là, ou arrêtez-le d’abord.",
    "storage.low": (
        "Le disque est presque plein : {free_mb} Mo libres, {needed_mb} Mo nécessaires. Rien "
        "n’est perdu ; libérez d’abord de la place."
    ),
    "storage.newer": "Le dossier de données vient d’un Petname plus récent. Mettez Petname à jour.",
    "storage.photo_damaged": "La photo {file_name} n’est plus lisible. Retirez-la et renvoyez-la.",
    "settings.wrong": "Un réglage de ce Petname est faux. Son journal en dit plus.",
    "media.not_found": "Ce lien n’est plus valable. Rechargez la page.",
    "web.wrong_host": (
        "Petname n’est pas servi sous ce nom ; PETNAME_ALLOWED_HOSTS peut l’autoriser."
    ),
    "web.passphrase": "Saisissez la phrase de passe de ce Petname.",
    "web.not_found": "Il n’y a rien ici.",
    "web.other_site": "Cette demande venait d’un autre site et a été refusée.",
    "web.too_large": (
        "C’est trop à la fois : envoyez moins de photos à la fois, ou un fichier plus petit."
    ),
}
