"""Whether somebody who wrote to us asks to be left alone: in Spanish, Portuguese and English, in their own words.

A message is read clause by clause. A clause asks when, greetings and thanks apart, it is one of the words that stand for
the wish alone ("baja", "stop"), or when it wishes it of us, our messages or our list ("dejen de escribirme", "no me
manden más", "sáquenme de la lista"). The same verbs with another object ("dar de baja el turno", "bájame el precio") are
about something else, and so is what is denied ("no me des de baja") or asks for another way ("no llamen, escríbanme").

Words are sorted into kinds, one capital letter each, and the rules are written over those:

    N  no, nunca …       S  write, send, call, disturb, as one wishes it     M  messages, offers, spam
    P  stop doing        T  take out, remove, delete                         L  list, number, contact, data
    R  receive           U  unsubscribe                                      B  baja

What can't be told by rules ("no me escriban hoy") is a doubt: a person decides.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Characters, from the beginning and from the end.
_READ: Final = 600


class OptOut(enum.Enum):
    """What a message says about being written to."""

    ASKED = "pedida"
    DOUBT = "duda"
    NO = "no"


def meaning(text: str) -> OptOut:
    """What this message says about being written to. Of a very long one its beginning and its end are read."""
    plain = [
        clause for clause in _clauses(text if len(text) <= 2 * _READ else f"{text[:_READ]}\n{text[-_READ:]}") if clause
    ]
    if any(_is_one_of(clause, _WORDS) for clause in (" ".join(plain), *plain)):
        return OptOut.ASKED
    clauses = [_in_kinds(clause) for clause in plain]
    if any(_INVITES.search(clause) for clause in plain) or any(_STAYS.search(clause) for clause in clauses):
        return OptOut.NO
    whole = " ".join(clauses)
    if any(pattern.search(whole) for pattern in _HEDGED):
        return OptOut.DOUBT
    if any(pattern.search(clause) for pattern in _ASKS for clause in clauses):
        return OptOut.ASKED
    return OptOut.DOUBT if any(pattern.search(whole) for pattern in _DOUBTS) else OptOut.NO


# --- Words ------------------------------------------------------------------------------------------------------------

_SPLIT: Final = re.compile(r"[.,;:!?¡¿\n\r\t()\[\]{}\"“”«»…|/]+|\s[-–—]+\s")
_SHORT: Final = {
    "qiero": "quiero", "kiero": "quiero", "x": "por", "q": "que", "k": "que", "d": "de", "n": "nao", "naum": "nao", "ñ": "no", "pf": "porfa", "pfv": "porfa",
    "vcs": "voces", "vc": "voce", "msj": "mensaje", "msjs": "mensajes", "msg": "mensaje", "msgs": "mensajes",
    "u": "you", "nro": "numero", "num": "numero", "tel": "telefono", "wpp": "whatsapp", "wsp": "whatsapp",
    "zap": "whatsapp", "stp": "stop", "vaja": "baja", "bja": "baja", "p": "para", "pq": "porque", "xq": "porque",
}  # fmt: skip


def _clauses(text: str) -> Iterator[str]:
    """The words of each part, without case, accents and marks, and written out."""
    for part in _SPLIT.split(text):
        folded = re.sub(r"['’`´]", "", unicodedata.normalize("NFKD", part).casefold())
        letters = "".join(char for char in folded if not unicodedata.combining(char))
        yield " ".join(_written_out(word) for word in re.findall(r"[a-z0-9]+", letters))


def _written_out(word: str) -> str:
    """`bajaaaa` and `stopp` as they are meant, `x` as it is read."""
    if word.isdigit():
        return word
    word = re.sub(r"([a-z])\1{2,}", r"\1", word)
    word = re.sub(r"([aeiou])\1+$|([bcdfghjkmnpqtvwxyz])\2$", r"\1\2", word)
    return _SHORT.get(word, word)


_COURTESY: Final = re.compile(
    r"(?:amig[oa]s?|atte|bien|bom|boa|buen[oa]?s?|che|dias?|disculp\w*|favor|gra[cs]i?as?|thanks?|thank|thx"
    r"|hola+|hello|hi|hey|much[oa]s?|muit[oa]|obrigad[oa]|brigad[oa]|oi|ola|ok|okay|please|pls|plz|por|porf\w*|pra|perdon"
    r"|permiso|respeto|saludos?|senor\w*|sr|sra|sim|tardes?|you|noches?|noites?|manha|urgente|cordial\w*|estimad[oa]s?"
    r"|simplemente|quiero|agradeceria|agradezco|solo)"
)
# Said alone, those apart.
_WORDS: Final = frozenset(
    """
    baja|la baja|mi baja|ya baja|baja ya|baja ahora|baja definitiva|baja total|baja inmediata|pido baja|pido la baja
    solicito baja|solicito la baja|dar baja|dar la baja|darme baja|dame baja|dame la baja|denme baja|denme la baja
    stop|stop all|stopall|stop now|stop it|stop ya|stop stop|stop stop stop|alto|basta|basta ya|ya basta|parar|paren|paren ya
    pare|pare ya|parem|parem ja|salir|sair|salirme|quit|end|optout|opt out|unsub|dnd|do not disturb
    remover|removerme|remuevanme|remove|remove me|delete|delete me|eliminar|eliminarme|eliminame|eliminenme|eliminen|eliminenlo
    borrar|borrarme|quero sair|quiero salir|quiero salirme|borrame|borrenme|borreme|borrenlo|borralo|borren|quitarme|quitame|quitenme|saquenme|sacarme|sacame
    excluir|excluirme|excluyanme|me exclua|me excluam|me exclui|me remova|me removam|me remove|me tira|me tirem|me apaga
    me saca|me sacan|me quitan|me borran|bajame|bajenme|cancelar|cancela|cancel|apaguem|apaga|excluam|removam|retirem|retirenme
    cancelar suscripcion|cancelar subscripcion|cancelar inscricao
    no mas|no mas por|no more|nao mais|nao quero|nao quero mais|chega|chega ja|no contactar|no contactarme
    no molestar|no molesten|no molestes|no perturbar|nao perturbe|nao perturbar|nao incomode|no spam|desisto
    me deixa em paz|me deixem em paz|leave me alone|no contact|do not contact|no llamar|no escribir|no enviar
    no enviar mas|no escribir mas|nao enviar|nao enviar mais|fuera de la lista|spam basta
    """.replace("\n", "|").replace("    ", "").split("|")
) - {""}  # fmt: skip


def says_only(text: str, phrases: frozenset[str]) -> bool:
    """Whether a message is one of these phrases, whatever its case, accents, marks, and courtesy around it."""
    return _is_one_of(" ".join(clause for clause in _clauses(text) if clause), phrases)


def _is_one_of(clause: str, phrases: frozenset[str]) -> bool:
    without = " ".join(word for word in clause.split() if not _COURTESY.fullmatch(word))
    return clause in phrases or without in phrases


# --- Kinds ------------------------------------------------------------------------------------------------------------

_KINDS: Final = tuple(
    (kind, re.compile(words))
    for kind, words in {
        "N": r"no|nao|didnt|havent|isnt|wasnt|wont|cant|nunca|jamas|jamais|never|dont|not|ni|tampoco|sin|sem|doesnt",
        "B": r"bajas?|vaja",
        "U": r"(?:des+[ui]*scri|desuscri|dessubscri|desinscr|descadastr|unsubscri|unsuscri|desafili|desapunt|desagend)\w*|optout",
        # As one wishes or names it: neither "mandaron" nor "mándame".
        "S": r"(?:mand|envi|contact|contat|molest|llam|hinch|fastidi|incomod|perturb|spame|habl|acos|moleste|mensaje|bombarde|fal|atosig|cham|procur|convers)(?:en|es|e|em|ar|arme|arnos|armos|arem|ando|andome|andonos|eis|ear|earme|aran|ara|asen|aras|assem)"
        r"|(?:escrib|insist|jod|ench|romp|escrev)(?:an|as|a|ir|irme|irnos|am|er|erme|ieran|iera|iendo|iendome|endo|irem)|lig(?:uem|ue|ar|ando)|busqu(?:en|es|e)"
        r"|(?:text|messag|contact|call|send|writ|bother|spamm|email|harass)(?:e|ing)?|message|reach(?:ing)?",
        "P": r"dejen|deje|deja|dejes|dejar|dejame|dejenme|dejan|paren|pare|parem|para|parar|parenle|parele|parale|paro|basta|chega|cesen|cese"
        r"|end|absten\w*|evit(?:en|e|em|ar)|terminen|corten|cortenla|deixem|deixe|deixar|deixa|stop|quit|cease|suspendan|suspender|suspenda|suspendam|detengan",
        "T": r"(?:sac|saqu|quit|borr|elimin|retir|remuev|remov|exclu|excluy|tir|apag|delet|desagreg|baj|suprim)(?:a|e|i|an|am|en|em|es|as|ar|ir|er|ame|eme|anme|enme|arme|irme|erme|an|uem|ue|anlo|enlo|alo|an|ando|arlo|in|uir|irem|ime|inme|aran|ara|iera|ieran|assem|arlos)"
        r"|remueve|remueveme|excluir|exclua|excluam|exclui|remove|removed|delete|deleted|erase|take|drop|lose|forget|olviden|olvidense|olvidate|esquec\w*|exclus\w*|eliminacion|remocao|remocion|desactiv(?:en|e|ar|a)|desativ(?:e|em|ar|a)",
        "R": r"getting|llegu?(?:en|e|ar|ando)|cheg(?:uem|ue|ando)|recib(?:ir|irlos|irlas|iendo|irles|a|an)|receb(?:er|endo|e)|receiv(?:e|ing)|receive|hear",
        "M": r"mensaj\w*|mensag\w*|mesages?|messages|texts|sms|whats?\w*|wasaps?|publicidad\w*|publicidade|propagandas?|promos?|promocion\w*|promoc\w*"
        r"|ofertas?|spam|avisos?|comunicaci\w*|notificac\w*|novedades|novidades|anuncios?|correos?|emails?|ads|offers|updates|notifications|marketing"
        r"|llamad[oa]s?|ligacoes|conteudos?|campanas?|campanhas?|publicaciones|mails?|newsletters?|difusion\w*",
        "L": r"listas?|listados?|base|bases|bd|agendas?|grupos?|sistemas?|registros?|contatos?|contactos?|numeros?|cel|celular\w*|telefonos?|telefone\w*"
        r"|datos|dados|cadastros?|suscripci\w*|subscripci\w*|inscric\w*|list|lists|number|phone|contacts?|database|data|mailing|broadcast|transmissao",
    }.items()
)  # fmt: skip


_POLITE: Final = re.compile(
    r"favor|gentileza|pfvr|obg|senor\w*|grat[oa]|amables?|saludos|abrazo|oye|po|please|pls|plz|porf\w*|pofa|fa|gra[cs]i\w*|obrigad\w*|asap|thanks?|thx|agradecid\w*"
)


def _in_kinds(clause: str) -> str:
    """The clause with the words that the rules speak of replaced by their kind, and its courtesies left out."""
    return " ".join(_kind(word) for word in clause.split() if not _POLITE.fullmatch(word))


def _kind(word: str) -> str:
    return next((kind for kind, words in _KINDS if words.fullmatch(word)), word)


# --- Rules ------------------------------------------------------------------------------------------------------------

# Little words that may stand between a wish and its object, or behind both.
_LITTLE: Final = (
    r"(?:me|nos|mas|mais|nunca|jamas|jamais|anymore|again|ever|more|any|nada|ningun\w*|nenhum\w*|tant[oa]s?|tus?|sus?|seus?|suas?|mis?|meus?|"
    r"minhas?|my|your|est[aeo]s?|es[aeo]s?|ess[ae]s?|isso|esto|eso|dess[ae]s?|dest[ae]s?|this|these|those|that|it|los?|las?|el|os?|as?|un[ao]?s?|"
    r"uma?s?|de|del|d[ao]s?|the|of|from|off|out|to|in|on|en|em|no|n[ao]s?|a|al|ya|ja|aqui|aca|aki|ahi|alli|dai|daqui|por|para|pra|comigo|conmigo|"
    r"mi|mim|us|vez|voces?|ustedes|uds|ud|ahora|agora|now|inmediatamente|definitivamente|urgente|todos?|todas?|all|cosas?|coisas?|things|stuff?|pro|com|con|"
    r"novo|nuevo|otra|outra|otro|tipo|asi|assim|como|parte|vuestr[oa]s?|fuera|fora|completo|flaco|che|ai|envios?|info|servicio de M|informaci\w*|bolas|pelotas|huevos|paciencia|saco|nadie|asap|P|M|L|S)"
)
# What may follow: nothing, little words, or why.
_REST: Final = rf"(?: {_LITTLE})*(?: (?:porque|pues|si son|si es|si eres|si sos|ya que|because|since|sino|o los|o voy|or|estoy|que ya|y|e|and|si N|se N|N) .*)?$"
_OBJECT: Final = r"(?:(?:precisa|precisam|precisan|need|hace falta|es necesario|necesitan|sigan|siga|sigas|continuem|continue|me gusta que|me|nos|les?|lhes?|se|mais|mas|ya|ja|you|vuelvan a|vuelva a|vuelvas a|vuelvan|volver a|voltar a|voltem a|volte a|vayan a|vayas a|a|ever|to|de|estar|que|quiero que|quero que|please|do) )*"
_WANTS: Final = r"(?:quiero|queremos|quisiera|quero|queria|queremos|deseo|deseamos|desejo|want|wish|wanna|gostaria|autoric?z?[eo]\w*|acepto|aceito|necesito|preciso|interesa|pedi|solicite|need|consiento|like)"

_ASKS: Final = tuple(
    re.compile(rf"(?:^| ){pattern}")
    for pattern in (
        # no me escriban más, não me mandem mensagem, don't text me, no vuelvan a llamar
        rf"N {_OBJECT}S{_REST}",
        rf"N {_OBJECT}(?:manda|envia|chama|liga|procura|escreve)(?: \w+)? (?:mais|mas)\b",
        rf"N {_OBJECT}entr(?:en?|em|ar) (?:(?:mais|mas) )?e[mn] (?:contato|contacto|L){_REST}",
        # dejen de molestar, pare de me mandar, stop texting, para de mandar
        rf"P (?:(?:ya|de|con|com|e|logo|please) )+{_OBJECT}S{_REST}",
        rf"P S{_REST}",
        # basta de mensajes, no más publicidad, párenle con los mensajes
        rf"(?:P|N mas|N mais|N more|nada|fim|fin) (?:(?:ya|de|con|com|the|los|las|la|el|these|those|toda|todo|tu|su|o|tantos|tanta|tanto|your|a|sus|tus|esos|estos|these|those|all|os|as) )*M{_REST}",
        rf"P (?:(?:con|com|de) )?(?:esto|isso|eso|this|it){_REST}",
        # no quiero recibir más, prefiero no recibir, como hago para no recibir, i'd rather not receive
        rf"N (?:(?:{_WANTS}|mas|mais|ya|me|nos|que me|que nos|to|seguir|sigan|siga|continuar|rather|estar|me interesa) )*R{_REST}",
        rf"P (?:(?:ya|de|me) )*R{_REST}",
        rf"N (?:(?:ya|mas|mais|me|i|longer) )*{_WANTS} (?:(?:mas|mais|ya|sus|tus|seus|suas|ningun\w*|nenhum\w*|mas de|de|los|las|estos|estas|esos|esas|any|more|your|these|recibir|ver|ter|tener|get|that|que me|que|to|be|ser|T|S) )*(?:M|S){_REST}",
        rf"N (?:longer )?{_WANTS} (?:to )?(?:be )?(?:contacted|messaged|texted|called|contactad[oa]|contatad[oa]|molestad[oa])",
        rf"N (?:{_WANTS} )?(?:(?:mais|mas|seguir|continuar|to|be) )*(?:estar|figurar|ficar|participar|ser parte|formar parte|fazer parte|be) (?:(?:en|em|de|da|do|on|in|mais|mas|part|of) )+(?:{_LITTLE} )*L{_REST}",
        rf"N {_WANTS} (?:(?:mas|mais|saber) )*nada (?:(?:mas|mais) )?(?:de|con|com) (?:ustedes|uds|voces|you)\b",
        r"N (?:un|uma|one) (?:solo )?M (?:mas|mais|more)\b",
        r"N get any(?: \w+){0,2} M\b",
        r"N (?:lo )?ha(?:gan|gas|ga) mas\b",
        r"N (?:(?:want|wish|quiero|quero|deseo|desejo|gostaria|mas|mais|to|de) )*(?:ser|be) (?:(?:mas|mais) )?(?:contactad|contatad|contacted|molestad|incomodad|messaged)\w*",
        r"que sea la ultima vez que\b",
        rf"(?:revoco|retiro|revogo|cancelo|N doy|N dou)(?: {_LITTLE})* (?:autorizaci\w*|consentimi?ento|autorizacao|permiso)\b",
        rf"N autori\w*(?: {_LITTLE})* (?:L|M|R|S|contato|contacto|uso)\b",
        # den de baja mi número, quiero la baja, cómo me doy de baja
        rf"(?:(?:den|da|dai|das|dan|doy|damos|pongan|dieran|diera)(?: (?:me|nos|ya|una|a|mi))* (?:de|la)|dame|denme|deme|denos|dar|darme|darnos|demen|tramiten|tramitar|procesen|gestionen|gestionar|pido|pedi|pedir|solicito|solicite|solicitar|exijo|tramita|quiero|quisiera|queria|necesito|deseo|hagan|hacer|realizar|registren|efectuar)(?: (?:me|ya|la|una|de|a|mi|que|den|nos))* B{_REST}",
        rf"^B (?:de|del|a|en)(?: {_LITTLE})* (?:L|M){_REST}",
        # sáquenme de la lista, borren mi número, me tira daí
        rf"T (?:{_LITTLE} )*L{_REST}",
        rf"T (?:de|da|do|das|dos|off|from) (?:{_LITTLE} )*(?:M|envios?){_REST}",
        rf"(?:desactiv|desativ)\w* (?:{_LITTLE} )*(?:M|envios?){_REST}",
        rf"(?:me|nos) T (?:(?:ya|logo|por) )*(?:de|da|do|d[eao]ss?[ae]|dest[ae]|daqui|dai|dos|das){_REST}",
        r"T (?:me )?(?:(?:de|of|from) )?(?:aca|aqui|ahi|alli|aki|dai|daqui|here)\b",
        rf"(?:T|get) me(?: (?:off|out))?{_REST}",
        rf"(?:salir|salirme|sair|salgo|saio|salirnos|bajarme|leave) (?:(?:de|da|do|del|d[eao]ss?[ae]|dest[ae]|the|this|esta|este) )+(?:{_LITTLE} )*(?:L|M){_REST}",
        rf"T (?:eu|a mi|yo) (?:de|da|do|dessa|desta|desse|deste) (?:{_LITTLE} )*L{_REST}",
        # unsubscribe, cancelen mi suscripción
        rf"(?:^|.* )U{_REST}",
        rf"opt (?:me )?out{_REST}",
        rf"(?:cancel\w*|anul\w*|dar fin a|end)(?: {_LITTLE})* (?:suscripci\w*|subscripci\w*|assinatura|recebimento|subscription|L)(?: {_LITTLE})*{_REST}",
        rf"(?:cancel\w*|suspend\w*|anul\w*)(?: {_LITTLE})* (?:(?:envios?|recebimento|recepcion) )?(?:{_LITTLE} )*M{_REST}",
        # in peace
        r"(?:dejenme|dejame|dejanos|deixem|deixa|deixe|P)(?: (?:me|de una vez|ya|nos|D))* (?:en|em) paz\b",
        r"(?:dejenme|dejame|P) (?:tranquil|quiet|de joder)\w*",
        r"leave me (?:alone|be)\b",
        r"lose my number\b",
        # already asked, or threatens
        r"(?:ja|ya|i|ive) (?:les |te |lhes )?(?:pedi|solicite|dije|falei|asked|told)\b.*(?:N .*(?:S|mandarem|R)|B|P|T|salir|sair)",
        r"(?=.*(?:S|M|R|siguen|contin\w*)\b)(?:.* )?(?:(?:te|los|las|les|vou|voy a) (?:voy a |vou )?(?:te |los |las )?(?:bloque\w*|denunci\w*|reportar\w*|reporto)|(?:report|block)\w* (?:you|S))",
    )
)

# Denied, or told of what happened: nobody asks for it here.
_STAYS: Final = re.compile(
    r"(?:^| )(?:N (?:(?!mas |mais |[A-Z] )\w+ ){0,5}(?:la |de |me )*(?:B|U|T|salir|sair|salirme|leave)\b"
    r"|(?<!si )(?<!se )N (?:(?!mas |mais |[A-Z] )\w+ ){0,3}P (?:de|con|S)\b|N (?:\w+ )?cancel\w*)"
)
# Another way is asked for, so not silence.
_INVITES: Final = re.compile(
    r"\b(?:(?:deje|deixei|parei) de (?:recib|receb)\w*|escri[bv](?:ime|eme|anme|banme|anos)|mand(?:ame|enme|anme|eme|e me)|envi(?:ame|enme|eme)|llam(?:ame|enme|eme)|avisa?(?:me|nme|enme)?"
    r"|me (?:manda|avisa|chama|liga|escribe|llama|escriba|envia) (?:por|o|a|el|la|un|una|no|los|las|pelo|so|solo|mejor|em|depois|despues|cuando|quando|amanha|manana)"
    r"|(?:just|only|rather|instead) (?:text|message|email|call|write)|(?:text|email|call|message) (?:me )?(?:instead|only|first|later|tomorrow|before)"
    r"|prefiero (?:mensajes?|whats\w*|por|que me|el|la|un)|prefiro (?:mensagem|whats\w*|por|que))\b"
)
# For now only, or if, or for somebody else: a person looks.
_HEDGED: Final = tuple(
    re.compile(rf"(?:^| ){pattern}")
    for pattern in (
        rf"N {_OBJECT}S\b.*\b(?:hoy|ahora|manana|hoje|agora|amanha|noche|domingos?|horas?|fin de|trabajo|tarde|madrugada|now|today|feriado|sabados?)\b",
        r"me di de B\b",
        r"(?:si|se) .*\bme (?:doy|damos) de B\b",
        r"(?:quiere|quieren|quer|pide|piden|pidio)(?: \w+){0,4} B$",
    )
)
# Nobody says this without being annoyed.
_DOUBTS: Final = tuple(
    re.compile(rf"(?:^| ){pattern}")
    for pattern in (
        r"(?:te|los|las|les|vou|voy a|i will|ill) (?:voy a )?(?:te |los |las )?(?:bloque\w*|denunci\w*|report\w*|block)\b",
        r"(?:estoy|ando|estou|toy|im) (?:hart[oa]|cansad[oa]|podrid[oa]|fart[oa]|sick|tired)\b.*(?:M|S)",
        r"(?:ya )?N (?:quiero|quero|want) (?:nada|saber nada|mas nada|saber mas|mas|anything)(?: \w+){0,2}$",
    )
)
