# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""The terms that citation styles print, per language: roles, abbreviations, months, kinds of work."""

from collections.abc import Mapping

Terms = Mapping[str, tuple[str, ...]]


def _terms(text: str) -> Terms:
    """Read lines `name: a | b | c`; an option keeps no outer spaces."""
    table = {}
    for line in text.strip().splitlines():
        name, options = line.split(":", 1)
        table[name.strip()] = tuple(option.strip() for option in options.split(" | "))
    return table


TERMS: Mapping[str, Terms] = {
    "de": _terms("""
        in: In: | In: | in: | In
        eds: (Hrsg.) | (Hg.) | (Hrsg.) | (Hgg.) | (Hrsg.) | (Hg.) | [Hrsg.] | (Hrsgg.) | (Hgs.) | (Eds.)
        edby: hrsg. von | hg. von | herausgegeben von | hrsg. v. | hg. v. | Hrsg. von | Hrsg. | Hg.
        transby: Übers. von | übersetzt von | aus dem Englischen von | Aus dem Franz. von | Übersetzung:
        p: S. | S. | S. | Seite | S
        vol: Bd. | Band | Bd
        volj: Jg. | Jg. | Jahrgang | Vol. | Bd. | Band
        no: H. | Heft | Nr. | H. | Hft.
        edn: Aufl. | Auflage | Aufl. | überarb. Aufl. | erw. Aufl. | akt. Auflage | völlig neubearb. Auflage | Ausgabe
        accessed: Zugriff am | Zugriff: | abgerufen am | Abruf: | letzter Zugriff: | zuletzt abgerufen am | Stand: | Abruf am
        from: URL: | verfügbar unter: | Verfügbar unter | Online unter: | In: | Online: | online unter | unter: | Unter:
        and: und | u. | & | und
        etal: et al. | u. a. | u.a. | et al
        nd: o. J. | o.J. | o. D.
        forth: im Druck | im Erscheinen | i. E. | i.E. | in Vorbereitung
        see: Vgl. | Siehe | vgl. | S. | Vgl. auch | Siehe dazu | Dazu | Vgl. hierzu | Vgl. dazu
        thesis: Dissertation | Diss. | Diplomarbeit | Habilitationsschrift | Masterarbeit | Univ. Diss. | Magisterarbeit | Inauguraldissertation
        report: Abschlussbericht | Forschungsbericht | Arbeitspapier | Working Paper | Discussion Paper | Gutachten | Endbericht | IAB-Kurzbericht | Projektbericht
        web: Homepage | Pressemitteilung | Blogbeitrag | Positionspapier
        number: Nr. | No. | Nr.
        same: Ders. | Dies. | ders. | dies.
        opcit: a.a.O. | a. a. O. | op. cit. | ebd. | (wie Anm. 12) | (Anm. 34)
        ibid: Ebd. | Ebenda | Ebd | Ibid. | Ebda.
        months: Januar | Februar | März | April | Mai | Juni | Juli | August | September | Oktober | November | Dezember
        """),
    "en": _terms("""
        in: In: | In | in | in: | In
        eds: (Eds.) | (Ed.) | (eds.) | (ed.) | (eds) | (ed) | , eds. | , Eds. | , editors | [eds.] | , ed.
        edby: edited by | ed. by | ed. | Ed. by | Edited by | eds.
        transby: translated by | trans. | transl. by | Trans. | Translated by
        p: pp. | p. | pp. | pages | pp | pg. | Pp.
        vol: vol. | Vol. | Volume | volume | vol
        volj: vol. | Vol. | volume | v. | Vol
        no: no. | No. | issue | n. | Issue | nr. | number
        edn: ed. | edn | edition | edn. | Edition | ed | rev. ed.
        accessed: accessed | Accessed | last accessed | Retrieved | retrieved | Accessed on | accessed on | Access: | Viewed | Last visited | visited
        from: Retrieved from | Available at: | Available from: | URL | available at | Available online: | http: | Online: | Available: | from
        and: and | & | and | &
        etal: et al. | et al. | et al | and others | and colleagues
        nd: n.d. | n. d. | no date | undated
        forth: in press | forthcoming | Forthcoming | in preparation | submitted | to appear | In press
        see: See | Cf. | see also | See, e.g., | Compare | see | For example, | As quoted in
        thesis: PhD thesis | Ph.D. dissertation | Doctoral dissertation | Master's thesis | MA thesis | PhD diss. | Unpublished doctoral dissertation | Ph.D. Thesis | M.Sc. thesis
        report: Working Paper | Discussion Paper | Technical report | Policy Research Working Paper | Research Report | Tech. Rep. | Policy Brief | Occasional Paper | NBER Working Paper | Report
        web: Blog post | Press release | Fact sheet | Web page | Computer software | Data set | Video
        number: No. | no. | Number | Nr. | #
        same: Idem | Id. | idem | ———
        opcit: op. cit. | op.cit. | loc. cit. | above n. 12 | supra note 34
        ibid: Ibid. | Ibid | ibid.
        months: January | February | March | April | May | June | July | August | September | October | November | December
        """),
    "fr": _terms("""
        in: In | in | dans | In : | in : | Dans
        eds: (dir.) | (dir.) | (éd.) | (éds) | (eds.) | (éds.) | (sous la dir. de) | (coord.) | , dir.
        edby: sous la direction de | dir. par | éd. par | sous la dir. de
        transby: trad. par | traduit par | trad. de l'anglais par | trad. fr.
        p: p. | p. | pp. | p
        vol: t. | vol. | tome | T.
        volj: vol. | Vol. | t. | tome | volume
        no: n° | no | nº | n° | N°
        edn: éd. | édition | éd. rev. | éd
        accessed: consulté le | page consultée le | Consulté le | dernière consultation :
        from: URL : | en ligne : | disponible sur : | En ligne | [En ligne], URL :
        and: et | & | et
        etal: et al. | et alii | et al
        nd: s. d. | s.d.
        forth: à paraître | sous presse
        see: Voir | Cf. | V. | Voir aussi | Sur ce point, voir
        thesis: thèse de doctorat | Thèse | Mémoire de master | Thèse de 3e cycle | thèse
        report: Rapport | Document de travail | Rapport de recherche | Cahier de recherche
        web: Communiqué de presse | Billet de blog
        number: n° | no | nº
        same: Id. | Idem | Id.
        opcit: op. cit. | op. cit. | art. cit. | loc. cit.
        ibid: Ibid. | Ibid. | Ibidem
        months: janvier | février | mars | avril | mai | juin | juillet | août | septembre | octobre | novembre | décembre
        """),
    "it": _terms("""
        in: in | in | In | in:
        eds: (a cura di) | (a cura di) | (ed.) | (eds) | (cur.) | (a c. di) | , a cura di
        edby: a cura di | a cura di | a c. di | ed.
        transby: trad. it. di | traduzione di | tr. it.
        p: p. | pp. | pp. | pag.
        vol: vol. | t. | vol. | tomo
        volj: vol. | a. | anno | XX, vol.
        no: n. | fasc. | nn. | n. | num.
        edn: ed. | edizione | ed. riveduta
        accessed: consultato il | ultimo accesso | ultima consultazione | visitato il
        from: disponibile in | URL: | in rete: | consultabile su
        and: e | e | &
        etal: et al. | e altri | et alii
        nd: s.d. | s. d.
        forth: in corso di stampa | in stampa | di prossima pubblicazione
        see: Cfr. | Vedi | Si veda | Cfr. anche | V.
        thesis: Tesi di dottorato | tesi di laurea | Tesi di laurea
        report: Rapporto | Documento di lavoro | Quaderno | Relazione
        web: Comunicato stampa
        number: n. | nr. | n°
        same: Id. | Idem | ID.
        opcit: op. cit. | cit. | cit. | art. cit.
        ibid: Ibid. | Ibidem | Ivi | Ibid.
        months: gennaio | febbraio | marzo | aprile | maggio | giugno | luglio | agosto | settembre | ottobre | novembre | dicembre
        """),
    "es": _terms("""
        in: En | en | En: | en:
        eds: (ed.) | (eds.) | (comp.) | (coord.) | (coords.) | (comps.) | (Eds.) | (dir.)
        edby: editado por | coordinado por | ed. de | compilado por
        transby: trad. de | traducido por | traducción de
        p: pp. | p. | págs. | pág.
        vol: vol. | t. | tomo | Vol.
        volj: vol. | Vol. | año | v.
        no: núm. | n.º | no. | nº | N°
        edn: ed. | edición | reimpr.
        accessed: consultado el | fecha de consulta: | Consulta: | último acceso:
        from: Disponible en: | disponible en | Recuperado de | URL: | en línea:
        and: y | & | y
        etal: et al. | y otros | et al
        nd: s. f. | s/f | s.f.
        forth: en prensa | en preparación
        see: Véase | Ver | Cf. | Vid.
        thesis: Tesis doctoral | Tesis de maestría | Tesis de licenciatura
        report: Documento de trabajo | Informe | Cuaderno de trabajo
        web: Comunicado de prensa | Entrada de blog
        number: núm. | n.º | No.
        same: Id. | Ídem
        opcit: op. cit. | ob. cit.
        ibid: Ibid. | Ibídem | Ibid.
        months: enero | febrero | marzo | abril | mayo | junio | julio | agosto | septiembre | octubre | noviembre | diciembre
        """),
    "pt": _terms("""
        in: In: | in: | In | IN: | Em:
        eds: (Org.) | (Orgs.) | (org.) | (orgs.) | (Coord.) | (Ed.) | (Eds.) | (Orgs)
        edby: organizado por | org. por | ed. de
        transby: Tradução de | trad. | Trad. de | Tradução:
        p: p. | p. | pp. | p
        vol: v. | vol. | t.
        volj: v. | vol. | V. | ano
        no: n. | nº | n. | no.
        edn: ed. | edição | ed. rev. | ed. rev. e atual.
        accessed: Acesso em: | Acesso em | acesso em: | Consultado em | Acedido em
        from: Disponível em: | Disponível em | disponível em: | URL:
        and: e | & | e
        etal: et al. | et al | e outros
        nd: s/d | s.d. | [s.d.]
        forth: no prelo | em preparação
        see: Ver | Cf. | Vide | Veja-se
        thesis: Tese (Doutorado em Sociologia) | Dissertação (Mestrado em Educação) | Tese de doutorado | Dissertação de mestrado | Tese (Doutorado)
        report: Relatório | Texto para Discussão | Documento de trabalho
        web: Comunicado
        number: n. | nº
        same: Idem | Id.
        opcit: op. cit. | ob. cit.
        ibid: Ibid. | Ibidem
        months: jan. | fev. | mar. | abr. | maio | jun. | jul. | ago. | set. | out. | nov. | dez.
        """),
    "nl": _terms("""
        in: In: | in: | In
        eds: (red.) | (red.) | (eds.) | (ed.) | (reds.)
        edby: onder redactie van | red. | o.r.v.
        transby: vert. | vertaald door
        p: p. | pp. | blz. | p.
        vol: dl. | deel | vol.
        volj: jg. | jrg. | vol.
        no: nr. | nr. | no. | afl.
        edn: druk | dr. | herz. druk
        accessed: geraadpleegd op | bezocht op
        from: Geraadpleegd via | URL: | Opgehaald van | Beschikbaar op
        and: en | & | en
        etal: et al. | e.a.
        nd: z.j. | s.d.
        forth: in druk | te verschijnen
        see: Zie | Vgl. | Zie ook
        thesis: Proefschrift | Masterscriptie | dissertatie
        report: Rapport | Onderzoeksrapport | Werkdocument
        web: Persbericht
        number: nr. | no.
        same: Idem
        opcit: a.w. | op. cit.
        ibid: Ibid. | Ibidem
        months: januari | februari | maart | april | mei | juni | juli | augustus | september | oktober | november | december
        """),
    "pl": _terms("""
        in: w: | W: | [w:] | (w:)
        eds: (red.) | (red.) | (red. nauk.) | (oprac.)
        edby: red. | pod red. | pod redakcją
        transby: tłum. | przeł. | przekł.
        p: s. | s. | ss.
        vol: t. | tom | T.
        volj: t. | vol. | R. | tom
        no: nr | nr | z. | Nr
        edn: wyd. | wydanie
        accessed: dostęp: | dostęp | data dostępu:
        from: dostępne na: | Pozyskano z | URL:
        and: i | i | &
        etal: i in. | et al.
        nd: b.r. | b.d.
        forth: w druku
        see: Zob. | Por. | Zob. też
        thesis: Rozprawa doktorska | praca magisterska | praca doktorska
        report: Raport | Raport z badań
        web: Komunikat prasowy
        number: nr
        same: Tenże | Idem
        opcit: op. cit. | dz. cyt.
        ibid: Ibidem | Tamże
        months: stycznia | lutego | marca | kwietnia | maja | czerwca | lipca | sierpnia | września | października | listopada | grudnia
        """),
    "tr": _terms("""
        in: içinde | İçinde: | in | içinde:
        eds: (ed.) | (der.) | (Ed.) | (Der.) | (haz.) | (Eds.)
        edby: der. | haz. | ed.
        transby: çev. | Çev. | çeviren
        p: s. | ss. | s.
        vol: c. | Cilt
        volj: Cilt | cilt | C.
        no: sayı | Sayı | S. | no.
        edn: bs. | baskı | Baskı
        accessed: erişim tarihi: | Erişim tarihi | Erişim:
        from: Erişim adresi: | URL: | Erişim:
        and: ve | & | ve
        etal: vd. | v.d. | et al.
        nd: t.y. | ty.
        forth: baskıda | yayım aşamasında
        see: Bkz. | bkz.
        thesis: Yayımlanmamış doktora tezi | Yüksek lisans tezi | Doktora tezi
        report: Rapor | Çalışma raporu
        web: Basın açıklaması
        number: No. | No
        same: A.y.
        opcit: a.g.e. | a.g.m.
        ibid: A.g.e. | Aynı yer
        months: Ocak | Şubat | Mart | Nisan | Mayıs | Haziran | Temmuz | Ağustos | Eylül | Ekim | Kasım | Aralık
        """),
    "sv": _terms("""
        in: I: | I | i:
        eds: (red.) | (red.) | (Red.) | (utg.) | (eds.)
        edby: red. | redigerad av
        transby: övers. | oversat af
        p: s. | s. | sid. | pp.
        vol: bd | del | bind
        volj: årg. | vol. | Årg. | bd
        no: nr | nr. | nr | hæfte
        edn: uppl. | upplagan | udg. | utg.
        accessed: hämtad | Hämtad | besökt | lest
        from: Tillgänglig: | Hämtad från | URL: | Lokaliseret på:
        and: och | & | og
        etal: et al. | m.fl.
        nd: u.å. | u.d.
        forth: under utgivning | kommande
        see: Se | Jfr | Se även
        thesis: Doktorsavhandling | Ph.d.-afhandling | Licentiatavhandling | Masteroppgave
        report: Rapport | Arbetsrapport | Notat | SOU
        web: Pressmeddelande
        number: nr | nr.
        same: Ds.
        opcit: a.a. | op. cit.
        ibid: Ibid. | Ibid
        months: januari | februari | mars | april | maj | juni | juli | augusti | september | oktober | november | december
        """),
    "ru": _terms("""
        in: В кн.: | // | В сб.: | In:
        eds: (ред.) | (отв. ред.) | (под ред.) | (сост.)
        edby: под ред. | отв. ред. | под общ. ред. | Под ред. | ред.
        transby: пер. с англ. | пер. | Пер. с нем.
        p: С. | с. | стр. | С.
        vol: Т. | т. | Том | Кн. | Ч.
        volj: Т. | т. | Том | Вып. | Vol.
        no: № | № | Вып. | вып.
        edn: изд. | изд., перераб. и доп. | издание
        accessed: дата обращения: | дата обращения | Дата обращения:
        from: URL: | Режим доступа: | [Электронный ресурс]. URL: | Доступно на:
        and: и | , | и
        etal: и др. | и др. | et al.
        nd: б. г. | б.г.
        forth: в печати
        see: См. | См.: | Ср. | См. также:
        thesis: дис. ... канд. социол. наук | автореф. дис. ... канд. ист. наук | дис. ... д-ра филос. наук
        report: Доклад | Препринт | Отчет
        web: Пресс-релиз
        number: №
        same: Он же | Его же
        opcit: Указ. соч. | Там же
        ibid: Там же | Там же.
        months: января | февраля | марта | апреля | мая | июня | июля | августа | сентября | октября | ноября | декабря
        """),
}
"""Terms per language; every language has every term."""

QUOTES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "de": (("„", "“"), ("»", "«"), ('"', '"'), ("„", "”"), ("›", "‹"), ("«", "»"), ('"', '"')),
    "en": (("“", "”"), ("‘", "’"), ('"', '"'), ("'", "'"), ("“", "”"), ("``", "''")),
    "fr": (("« ", " »"), ("«", "»"), ("«\u00a0", "\u00a0»"), ("“", "”"), ('"', '"')),
    "it": (("«", "»"), ("“", "”"), ('"', '"'), ("‘", "’")),
    "es": (("“", "”"), ("«", "»"), ('"', '"')),
    "pt": (("“", "”"), ("«", "»"), ('"', '"')),
    "nl": (("‘", "’"), ("“", "”"), ("'", "'")),
    "pl": (("„", "”"), ("«", "»"), ('"', '"')),
    "tr": (("“", "”"), ('"', '"'), ("‘", "’")),
    "sv": (("”", "”"), ('"', '"'), ("»", "«")),
    "ru": (("«", "»"), ("„", "“"), ('"', '"')),
}
"""Opening and closing quotation marks per language."""
