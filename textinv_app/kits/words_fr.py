"""Ce que disent les guides des kits, en français. ``words_en`` a les mêmes clés."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "guide.file": "A-LIRE-{stem}.html",
    "guide.title": "{name} pour {program}",
    "guide.kicker": "Un kit de Petname",
    "guide.lead.subject": (
        "Avec ce kit, {program} connaît le mot `{word}` et dessine {name} partout où vous "
        "l’écrivez. Quatre étapes, cinq minutes environ."
    ),
    "guide.lead.style": (
        "Avec ce kit, {program} connaît le mot `{word}` et peint dans le style de {name}. Quatre "
        "étapes, cinq minutes environ."
    ),
    "guide.lead.negative": (
        "Avec ce kit, {program} sait à quoi les images ne doivent **pas** ressembler : écrivez "
        "`{word}` dans la demande négative. Quatre étapes, cinq minutes environ."
    ),
    "guide.drawn": "Dessiné par Petname avec le fichier de ce kit",
    "guide.copy": "Copier",
    "guide.copied": "Copié",
    "guide.step": "Étape {n}",
    "guide.private": (
        "Ce kit ne contient aucune photo, et rien sur vous ni sur votre ordinateur : seulement le "
        "fichier, des images qu’il a dessinées, et du texte."
    ),
    "guide.footer": "Fait avec Petname, qui apprend le nom des animaux aux modèles d’images.",
    "facts.word": "Le mot",
    "facts.files": "Ce qu’il contient",
    "facts.fits": "Compatible avec",
    "facts.taught_on": "Appris sur",
    "facts.embedding": "Embedding, {size}",
    "facts.lora": "LoRA, {size}",
    "facts.negative": "dans la demande négative",
    "fits.crayon": "Crayon seulement, le modèle intégré à Petname",
    "fits.sd1": "les modèles de la famille Stable Diffusion 1.x",
    "fits.sd2": "les modèles de la famille Stable Diffusion 2.x",
    "fits.sdxl": "les modèles de la famille Stable Diffusion XL",
    "tree.model": "ce qui a été appris",
    "tree.preview": "son image",
    "tree.guide": "cette page",
    "tree.workflow": "un workflow à ouvrir",
    "tree.notes": "ses notes",
    "tree.program": "le programme",
    "tree.prompts": "des phrases à dessiner",
    "base.text_alone": (
        "Ce fichier va avec **{fits}** et aucun autre. Le plus courant est {model} : "
        "`{checkpoint}`. Si vous l’avez déjà, continuez."
    ),
    "tree.extras": "l’autotest et le reste",
    "tree.more": "de quoi aller plus loin",
    "prompt.embedding": "Avec l’embedding",
    "prompt.lora": "Avec le LoRA",
    "prompt.both": "Avec les deux ensemble",
    "prompt.negative": "Demande négative",
    "prompt.wanted": "Ce qui doit être sur l’image",
    "prompt.unwanted": "Ce qui ne doit pas être sur l’image",
    "test.title": "Est-ce que ça marche ? L’autotest",
    "test.title_none": "Est-ce que ça marche ?",
    "test.text": (
        "Petname a dessiné cette image avec le fichier de ce kit. Dessinez-la vous-même avec les "
        "mêmes réglages : la vôtre doit montrer {what}."
    ),
    "test.what.subject": "le même animal, à peu près dans la même pose",
    "test.what.style": "le même style et à peu près la même scène",
    "test.what.negative": "la même scène",
    "test.same": (
        "Le programme de ce kit emploie l’échantillonneur et le bruit de Petname ; les images "
        "doivent donc concorder, aux petits détails près."
    ),
    "test.alike": (
        "Elle ne sera pas identique point par point : chaque programme tire son bruit et arrondit "
        "ses nombres à sa façon."
    ),
    "test.own": "Seul le modèle sur lequel le mot a été appris la dessine ainsi : {own}.",
    "test.none": (
        "Il n’y a pas d’image d’autotest pour ce fichier : il vient d’ailleurs, ou a été appris "
        "avant que Petname n’en garde une."
    ),
    "test.prompt": "Demande",
    "test.negative": "Demande négative",
    "test.seed": "Graine (seed)",
    "test.steps": "Étapes",
    "test.guidance": "Guidage (CFG)",
    "test.size": "Taille",
    "test.sampler": "Échantillonneur",
    "test.schedule": "Échelonnement (schedule)",
    "test.model": "Modèle de base",
    "test.wrong": "Si elle est toute différente",
    "test.wrong_model": (
        "Un autre modèle de base dessine une autre image. S’il est d’une autre **famille**, il "
        "dessine comme si le mot n’était pas là, et la plupart des programmes n’en disent rien."
    ),
    "test.wrong_word.embedding": "Vérifiez l’orthographe du mot : `{spelled}`, en minuscules.",
    "test.wrong_word.lora": "Vérifiez l’orthographe du mot : `{spelled}`.",
    "test.wrong_place": (
        "Vérifiez que le fichier est là où l’étape 1 le met, et relancez le programme."
    ),
    "base.title": "Avoir le bon modèle de base",
    "base.text": (
        "Ce fichier va avec **{fits}** et aucun autre. Le plus courant est {model} : "
        "`{checkpoint}`, dans le dossier `{folder}`. Si vous l’avez déjà, continuez."
    ),
    "base.own": (
        "Le mot a été appris sur {own}. C’est avec ce modèle qu’il marche le mieux ; avec {model} "
        "il marche, mais dessine d’autres images."
    ),
    "base.unnamed": "un modèle à vous",
    "base.link": "Adresse de téléchargement",
    "notes.title": "Bon à savoir",
    "notes.class": (
        "Le LoRA a appris le mot suivi de `{class_word}`. Gardez-les ensemble : `{words}`."
    ),
    "notes.both": (
        "L’embedding et le LoRA ont appris le même mot de deux façons. Essayez d’abord chacun "
        "seul ; ensemble ils sont souvent les plus ressemblants, et parfois trop."
    ),
    "notes.one": (
        "L’embedding et le LoRA ont été entraînés ensemble, et vos images ont besoin des deux : "
        "l’un sans l’autre ne vaut pas grand-chose."
    ),
    "notes.half": (
        "Ce fichier a été entraîné avec `{other}` et ne vaut pas grand-chose sans lui : installez "
        "aussi celui-là, et employez les deux dans une image."
    ),
    "comfyui.unpack.title": "Décompresser dans le dossier de ComfyUI",
    "comfyui.unpack.text": (
        "Décompressez le ZIP dans le dossier qui contient `models` et `user`, et laissez "
        "fusionner les dossiers. Dans la version portable pour Windows, c’est "
        "`ComfyUI_windows_portable/ComfyUI`. Chaque fichier est alors là où ComfyUI le cherche :"
    ),
    "comfyui.model.extra": (
        "S’il manque, ComfyUI propose de le télécharger quand vous ouvrez le workflow."
    ),
    "comfyui.open.title": "Ouvrir le workflow",
    "comfyui.open.text": (
        "Lancez ComfyUI, ou appuyez sur `R`. Choisissez `{workflow}` sous **Workflows** à gauche, "
        "ou glissez ce fichier sur la page."
    ),
    "comfyui.open.proof": "Glisser l’image d’autotest marche aussi : son workflow est dedans.",
    "comfyui.open.own": (
        "Le workflow charge {model}. Pour dessiner plutôt avec {own}, choisissez-le dans le "
        "premier nœud."
    ),
    "comfyui.run.title": "Appuyer sur Run, puis écrire vos phrases",
    "comfyui.run.text": "Pour dessiner autre chose, changez le texte du nœud « {node} ».",
    "comfyui.run.proof": (
        "La première image doit ressembler à l’autotest. Changez ensuite le texte du nœud « "
        "{node} »."
    ),
    "comfyui.note.space": (
        "`{spelled}` ne compte qu’au début ou après une espace, et aucun point ne doit le toucher."
    ),
    "comfyui.note.strength": "Un peu plus ou moins fort : `({spelled}:1.2)`.",
    "comfyui.note.lora": "Force du LoRA : `strength_model`, de 0.6 à 1.",
    "comfyui.note.api": (
        "Pour les programmes : `{folder}` contient les mêmes workflows sous la forme que prend "
        "l’API de ComfyUI."
    ),
    "comfyui.sticky": (
        "Fait avec Petname.\n\nAppuyez sur Run. Le mot est dans le nœud coloré.\nSi le modèle de "
        "base manque, choisissez le vôtre dans le premier nœud : {fits}."
    ),
    "a1111.unpack.title": "Décompresser dans le dossier du programme",
    "a1111.unpack.text": (
        "Décompressez le ZIP dans `stable-diffusion-webui` (pour Forge, dans son dossier "
        "`webui`), celui qui contient `models` et `embeddings`, et laissez fusionner les dossiers "
        ":"
    ),
    "a1111.refresh.title": "Choisir le modèle, actualiser les cartes",
    "a1111.refresh.text": (
        "Choisissez le modèle de base en haut à gauche. Ouvrez l’onglet **{tab}** sous la demande "
        "et appuyez sur son bouton d’actualisation : la carte de `{stem}` apparaît."
    ),
    "a1111.run.title": "Écrire une demande et appuyer sur Generate",
    "a1111.run.text": "Copiez une phrase :",
    "a1111.run.proof": (
        "Le plus rapide : déposez l’image d’autotest sur l’onglet **PNG Info** et appuyez sur "
        "**Send to txt2img** ; demande, graine et réglages sont dedans. Ou copiez une phrase :"
    ),
    "a1111.note.word": "`{stem}` s’écrit tel quel. La carte l’écrit pour vous.",
    "a1111.note.negative": (
        "`{stem}` s’écrit tel quel. Cliquez d’abord dans la demande négative ; la carte l’y écrit "
        "alors."
    ),
    "a1111.note.lora": "`{call}` charge le LoRA ; le nombre est sa force. De 0.6 à 1, c’est bien.",
    "a1111.note.both": (
        "Une fois l’embedding installé, le mot seul désigne toujours l’embedding. Pour voir le "
        "LoRA seul, retirez `embeddings/{stem}.safetensors` et actualisez."
    ),
    "a1111.note.sdnext": (
        "SD.Next : mettez les fichiers dans `models/embeddings` et `models/Lora` de son dossier."
    ),
    "invokeai.unpack.title": "Décompresser dans un dossier qui reste",
    "invokeai.unpack.text": (
        "Décompressez le ZIP là où il peut rester, par exemple dans vos documents. Ce qu’InvokeAI "
        "montre d’un fichier est à côté de lui, sous un nom par lequel InvokeAI le trouve :"
    ),
    "invokeai.scan.title": "L’ajouter dans le Model Manager",
    "invokeai.scan.text": (
        "Ouvrez le **Model Manager** (le cube à gauche), **Add Models**, **Scan Folder**. Collez "
        "le chemin du dossier décompressé, appuyez sur **Scan Folder**, et installez ce qu’il "
        "trouve."
    ),
    "invokeai.model.extra": (
        "InvokeAI en propose d’autres de la même famille sous **Starter Models**."
    ),
    "invokeai.run.title": "Écrire une demande et appuyer sur Invoke",
    "invokeai.run.text.embedding": (
        "Écrivez le mot entre chevrons ; ils en font partie. En tapant `<`, il vous est proposé."
    ),
    "invokeai.run.text.lora": "Choisissez d’abord le LoRA sous **Concepts**, puis écrivez le mot.",
    "invokeai.run.text.both": (
        "Le mot de l’embedding est entre chevrons ; ils en font partie. Choisissez le LoRA sous "
        "**Concepts** là où vous le voulez."
    ),
    "invokeai.run.text.one": (
        "Choisissez d’abord le LoRA sous **Concepts**. Le mot de l’embedding est entre chevrons ; "
        "ils en font partie."
    ),
    "invokeai.note.picture": (
        "InvokeAI montre de lui-même l’image, la description et le mot d’un LoRA. Pour un "
        "embedding, non ; choisissez l’image dans le Model Manager, si vous voulez."
    ),
    "kohya.unpack.title": "Décompresser à côté de gen_img.py",
    "kohya.unpack.text": "Décompressez le ZIP dans le dossier de `sd-scripts` :",
    "kohya.run.title": "Dessiner",
    "kohya.run.text": (
        "Mettez le chemin de votre modèle de base à la place de `{checkpoint}`. Les phrases sont "
        "dans `{prompts}`, une par ligne, suivies de la graine et des réglages."
    ),
    "kohya.on.title": "Ou continuer l’apprentissage",
    "kohya.on.text": "Ajoutez ceci à la commande de votre prochain apprentissage :",
    "kohya.note.vectors": (
        "`gen_img.py` connaît l’embedding par le nom de son fichier. Ne le renommez pas tant que "
        "le mot est dans vos demandes."
    ),
    "diffusers.install.title": "Installer les bibliothèques",
    "diffusers.install.text": "Une seule fois, dans un terminal (Python 3.10 ou plus récent) :",
    "diffusers.unpack.title": "Décompresser n’importe où",
    "diffusers.unpack.text": (
        "Les fichiers sont nommés et écrits comme diffusers les veut ; ils peuvent donc aussi "
        "aller tels quels dans un dépôt à vous sur le Hugging Face Hub :"
    ),
    "diffusers.run.title": "Lancer le programme",
    "diffusers.run.text": (
        "Il charge {model} (téléchargé la première fois), dessine, et enregistre chaque image là "
        "où vous êtes. Un autre modèle s’écrit derrière : un nom du Hub, un dossier ou un fichier "
        "`.safetensors`."
    ),
    "diffusers.run.crayon": (
        "Lancez-le depuis le dossier de Petname, où se trouve `assets/crayon` ; ou nommez ce "
        "dossier derrière, comme ici :"
    ),
    "diffusers.run.own": (
        "Nommez derrière lui, comme ici, le modèle sur lequel le mot a été appris : son dossier ou "
        "son fichier `.safetensors`. Sans nom, il charge {model} (téléchargé la première fois), "
        "qui dessine d’autres images."
    ),
    "diffusers.run.path": "chemin/de/votre-modele.safetensors",
    "diffusers.change.title": "Changer la phrase",
    "diffusers.change.text": "Ouvrez `{script}` dans un éditeur. Chaque image est un appel :",
    "diffusers.note.token": (
        "Dans votre propre code : `{call}`. Écrivez le mot en minuscules, sinon seul son premier "
        "vecteur compte."
    ),
    "diffusers.note.xl": (
        "Pour SDXL il y a deux fichiers et deux appels, un pour chaque encodeur de texte."
    ),
    "diffusers.script.what": "Dessine {name} avec diffusers. Fait avec Petname.",
    "diffusers.script.model": (
        "MODEL est un nom du Hub, un dossier ou un fichier .safetensors ; d’ordinaire {model}."
    ),
    "diffusers.script.own": (
        "MODEL est le dossier ou le fichier .safetensors du modèle sur lequel il a été appris ; "
        "sans lui, {model} dessine d’autres images."
    ),
    "diffusers.script.draw": "Dessine une image et l’enregistre là où le programme a été lancé.",
    "crayon.title": "À propos de Crayon",
    "crayon.text": (
        "Ce fichier a été appris sur **Crayon**, le petit modèle intégré à Petname, qui dessine "
        "des animaux de bande dessinée en 128 pixels. Ses mots ont 256 nombres ; Stable Diffusion "
        "en lit 768 ou plus. Il marche donc avec Crayon et avec rien d’autre : ComfyUI, "
        "AUTOMATIC1111, Forge, InvokeAI et kohya ne savent pas charger Crayon. Pour ceux-là, "
        "apprenez votre animal à Stable Diffusion dans Petname."
    ),
    "crayon.where": (
        "Crayon est dans le dossier `assets/crayon` de Petname (56 Mo, Apache-2.0). Copiez-le où "
        "vous voulez."
    ),
    "sidecar.description": "{name}, appris avec Petname.",
    "sidecar.notes.subject": "Écrivez {words} dans la demande. Compatible avec {fits}.",
    "sidecar.notes.style": "Écrivez {words} dans la demande. Compatible avec {fits}.",
    "sidecar.notes.negative": "Écrivez {words} dans la demande négative. Compatible avec {fits}.",
}
