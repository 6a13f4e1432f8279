# ruff: noqa: E501 -- tables of data: one entry reads best on one line
"""Names of journals, organisations, publishers, places and archives: facts that no data folder need supply."""

from collections.abc import Mapping


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", "|").split("|") if part.strip())


ORGANISATIONS: Mapping[str, tuple[str, ...]] = {
    "de": _lines("""Statistisches Bundesamt|BMFSFJ|Bundesministerium für Bildung und Forschung|BMBF|Deutscher Bundestag|Bundesagentur für Arbeit
        Deutsches Institut für Wirtschaftsforschung|Autorengruppe Bildungsberichterstattung|Kultusministerkonferenz (KMK)|Bertelsmann Stiftung
        Europäische Kommission|Robert Koch-Institut|Bundesamt für Migration und Flüchtlinge (BAMF)|OECD
        Landeshauptstadt München|Umweltbundesamt|Bundeszentrale für politische Bildung|Deutscher Gewerkschaftsbund|Eurostat|SPD|CDU/CSU
        Sachverständigenrat deutscher Stiftungen für Integration und Migration|Deutsches Jugendinstitut|Stadt Zürich|Arbeiterkammer Wien"""),
    "en": _lines("""World Health Organization|WHO|OECD|United Nations|World Bank|European Commission|UNICEF|UNESCO|Amnesty International|UNDP
        U.S. Department of Education|Centers for Disease Control and Prevention|National Research Council|American Psychological Association
        International Labour Organization|Eurostat|Office for National Statistics|IMF|Council of Europe|Human Rights Watch|Pew Research Center
        UN-Habitat|US Census Bureau|Food and Agriculture Organization of the United Nations|The World Bank Group|R Core Team|IPCC"""),
    "fr": _lines(
        "INSEE|UNESCO|Ministère de l'Éducation nationale|Conseil de l'Europe|Cour des comptes|OCDE|Assemblée nationale|Collectif|INED|Caritas"
    ),
    "it": _lines(
        "ISTAT|Ministero dell'Istruzione|Banca d'Italia|Regione Veneto|Comune di Venezia|CENSIS|Caritas Italiana|CNEL"
    ),
    "es": _lines(
        "CEPAL|INEGI|Ministerio de Educación|Instituto Nacional de Estadística|Naciones Unidas|Gobierno de Chile|UNESCO|CONAPO|PNUD"
    ),
    "pt": _lines(
        "IBGE|BRASIL|BRASIL. Ministério da Educação|Ministério da Saúde|IPEA|INEP|ONU|SÃO PAULO (Estado)|UNESCO|BRASIL. Presidência da República"
    ),
    "nl": _lines("CBS|Sociaal en Cultureel Planbureau|WRR|Ministerie van VWS|Gemeente Amsterdam|Vlaamse Overheid"),
    "pl": _lines(
        "GUS|Główny Urząd Statystyczny|Ministerstwo Edukacji Narodowej|CBOS|Komisja Europejska|Rada Ministrów"
    ),
    "tr": _lines("TÜİK|Milli Eğitim Bakanlığı|Devlet Planlama Teşkilatı|TBMM|Dünya Bankası"),
    "sv": _lines(
        "Statistiska centralbyrån|SCB|Socialstyrelsen|Skolverket|Danmarks Statistik|Regeringskansliet|Statistisk sentralbyrå"
    ),
    "ru": _lines("Росстат|Министерство образования РФ|Левада-центр|ВЦИОМ|Правительство РФ"),
}

JOURNALS: Mapping[str, tuple[str, ...]] = {
    "de": _lines("""Kölner Zeitschrift für Soziologie und Sozialpsychologie|KZfSS|Zeitschrift für Soziologie|Soziale Welt|Berliner Journal für Soziologie
        Politische Vierteljahresschrift|PVS|Zeitschrift für Pädagogik|Leviathan|Aus Politik und Zeitgeschichte|APuZ|Zeitschrift für Erziehungswissenschaft
        Geographische Zeitschrift|Geographische Rundschau|Erdkunde|Petermanns Geographische Mitteilungen|Berichte zur deutschen Landeskunde|Die Erde
        Raumforschung und Raumordnung|Informationen zur Raumentwicklung|Soziologische Revue|Österreichische Zeitschrift für Soziologie|Das Argument
        Zeitschrift für Politikwissenschaft|Zeitschrift für Parlamentsfragen|Unterrichtswissenschaft|Neue Praxis|WSI-Mitteilungen|PROKLA|Merkur
        Mitteilungen der Österreichischen Geographischen Gesellschaft|Geographica Helvetica|Blätter für deutsche und internationale Politik|DISP
        Swiss Political Science Review|Zeitschrift für Familienforschung|Die Deutsche Schule|Psychologie in Erziehung und Unterricht|ZUMA-Nachrichten
        Historische Zeitschrift|Geschichte und Gesellschaft|Historical Social Research|Forum Qualitative Sozialforschung|Publizistik|Feministische Studien
        Zeitschrift für Wirtschaftsgeographie|Mitteilungen aus der Arbeitsmarkt- und Berufsforschung|DIW-Wochenbericht|Deutsche Zeitschrift für Philosophie
        Juristenzeitung|Neue Juristische Wochenschrift|Diskurs Kindheits- und Jugendforschung|Sociologia Internationalis|Sozialer Fortschritt"""),
    "fr": _lines("""Actes de la recherche en sciences sociales|Revue française de sociologie|Annales|Population|Revue française de science politique
        L'Homme|Le Débat|Annales de géographie|Espace géographique|Sociétés contemporaines|Genèses|Raisons politiques|Hérodote|Politix
        Revue d'histoire moderne et contemporaine|Mouvements|Les Temps modernes|Cahiers internationaux de sociologie|Esprit"""),
    "it": _lines("""Quaderni storici|Archivio Veneto|Studi veneziani|Rivista storica italiana|Il Mulino|Stato e mercato|Società e storia|Nuova rivista storica
        Rassegna italiana di sociologia|Rivista geografica italiana|Ateneo Veneto|Arte Veneta|Polis"""),
    "es": _lines("""Revista Mexicana de Sociología|Nueva Sociedad|Estudios Demográficos y Urbanos|Revista Española de Investigaciones Sociológicas|REIS|Papers
        Desarrollo Económico|Perfiles Latinoamericanos|Foro Internacional|EURE|Revista de Estudios Políticos|Estudios Sociológicos"""),
    "pt": _lines("""Revista Brasileira de Ciências Sociais|Dados|Lua Nova|Análise Social|Tempo Social|Sociologias|Educação & Sociedade|Cadernos de Pesquisa
        Revista de Saúde Pública|Revista Crítica de Ciências Sociais|Novos Estudos CEBRAP|Educação e Pesquisa|Estudos Avançados"""),
    "nl": _lines(
        "Mens en Maatschappij|Sociologische Gids|Beleid en Maatschappij|De Gids|Tijdschrift voor Sociologie|Acta Politica|Agora"
    ),
    "pl": _lines(
        "Studia Socjologiczne|Kultura i Społeczeństwo|Polityka Społeczna|Przegląd Socjologiczny|Studia Polityczne|Przegląd Geograficzny"
    ),
    "tr": _lines("Toplum ve Bilim|Birikim|Mülkiye Dergisi|SBF Dergisi|Eğitim ve Bilim|Amme İdaresi Dergisi|Belleten"),
    "sv": _lines(
        "Sociologisk Forskning|Statsvetenskaplig Tidskrift|Dansk Sociologi|Tidsskrift for samfunnsforskning|Politica|Historisk Tidskrift|Ymer"
    ),
    "ru": _lines(
        "Социологические исследования|Социс|Вопросы философии|Вопросы экономики|Полис|Мир России|Общественные науки и современность|Вопросы истории|"
        "Вестник МГУ. Серия 18|Социологический журнал|Журнал исследований социальной политики|Pro et Contra|Мировая экономика и международные отношения"
    ),
    "en": _lines("""American Sociological Review|American Journal of Sociology|American Political Science Review|Journal of Democracy|World Politics|Theory and Society
        British Journal of Sociology|European Sociological Review|Social Forces|International Migration Review|Comparative Political Studies|Public Opinion Quarterly
        Progress in Human Geography|Environment and Planning A|Antipode|Annals of the Association of American Geographers|Urban Studies|Regional Studies
        Transactions of the Institute of British Geographers|Journal of Marriage and Family|West European Politics|Journal of European Public Policy|Geoforum
        Political Studies|Sociology|Sociology of Education|Journal of Common Market Studies|European Journal of Political Research|Past & Present"""),
    "zoology": _lines("""Annals and Magazine of Natural History|Proceedings of the Zoological Society of London|Proc. Zool. Soc. London|Zootaxa|ZooKeys|Copeia
        Bulletin of the American Museum of Natural History|Transactions of the Entomological Society of London|Zoologischer Anzeiger|Senckenbergiana biologica
        Archiv für Naturgeschichte|Annales de la Société entomologique de France|Bulletin de la Société zoologique de France|Herpetologica|Zoologica Scripta
        Zeitschrift für wissenschaftliche Zoologie|Annali del Museo Civico di Storia Naturale di Genova|Fieldiana, Zoology|Arkiv för Zoologi|Ann. Mag. nat. Hist.
        Journal of the Asiatic Society of Bengal|Memoirs of the Queensland Museum|Bull. Brit. Mus. (Nat. Hist.) Zool.|Mitt. zool. Mus. Berlin|Journal of Natural History
        Proceedings of the Biological Society of Washington|Spixiana|Zoologische Jahrbücher. Abteilung für Systematik|Revue suisse de Zoologie|Zoologicheskii Zhurnal
        Ann. Naturhist. Mus. Wien|Verhandlungen der zoologisch-botanischen Gesellschaft in Wien|Sitzungsberichte der Akademie der Wissenschaften|Occ. Pap. Mus. Zool. Univ. Michigan
        Bonner zoologische Beiträge|Beaufortia|Tijdschrift voor Entomologie|Zoologische Mededelingen, Leiden|Entomologicheskoe Obozrenie|Trudy Zoologicheskogo Instituta"""),
    "physics": _lines("""Phys. Rev. Lett.|Phys. Rev. D|Phys. Rev. B|Phys. Rev.|Nucl. Phys. B|Phys. Lett. B|JHEP|Astrophys. J.|ApJ|A&A|MNRAS|Mon. Not. R. Astron. Soc.|Class. Quantum Grav.
        J. Phys. A|Commun. Math. Phys.|Eur. Phys. J. C|Nature|Science|Int. J. Mod. Phys. A|Rev. Mod. Phys.|Phys. Rept.|Prog. Theor. Phys.|Z. Phys. C|Physica A|Europhys. Lett.
        J. Chem. Phys.|Appl. Phys. Lett.|New J. Phys.|J. Stat. Phys.|Nucl. Instrum. Meth. A|Ann. Phys. (N.Y.)|JCAP|Sov. Phys. JETP|Nuovo Cimento|J. Math. Phys.|PoS|Phys. Rev. A"""),
    "maths": _lines("""Ann. of Math. (2)|Invent. Math.|Comm. Math. Phys.|Trans. Amer. Math. Soc.|Proc. Amer. Math. Soc.|Duke Math. J.|J. Amer. Math. Soc.|Math. Ann.|Math. Z.|Adv. Math.
        J. Reine Angew. Math.|Acta Math.|Compositio Math.|J. Differential Geom.|Topology|J. Algebra|Bull. Amer. Math. Soc. (N.S.)|Pacific J. Math.|C. R. Acad. Sci. Paris|Ann. Inst. Fourier (Grenoble)
        Publ. Math. IHES|Geom. Topol.|Michigan Math. J.|Arch. Rational Mech. Anal.|SIAM J. Math. Anal.|Comm. Pure Appl. Math.|J. Funct. Anal.|Mat. Sb.|Uspekhi Mat. Nauk"""),
    "medicine": _lines("""Lancet|N Engl J Med|JAMA|BMJ|Ann Intern Med|J Clin Oncol|Circulation|Cochrane Database Syst Rev|PLoS One|Pediatrics|Am J Epidemiol|Diabetes Care|Br J Psychiatry|Gut
        Chest|Nat Genet|Cell|Proc Natl Acad Sci U S A|J Biol Chem|Crit Care Med|Eur Heart J|Stroke|Neurology|Int J Epidemiol|BMC Public Health|Soc Sci Med|Trop Med Int Health|Dtsch Arztebl Int|Blood"""),
    "zh": _lines(
        "社会学研究|中国社会科学|经济研究|教育研究|人口研究|地理学报|政治学研究|中国农村经济|历史研究|法学研究"
    ),
    "ja": _lines("社会学評論|教育学研究|思想|歴史学研究|地理学評論|日本労働研究雑誌|家族社会学研究|季刊社会保障研究"),
    "ko": _lines("한국사회학|교육사회학연구|한국정치학회보|경제와 사회|한국인구학|사회복지연구|대한지리학회지"),
}

PUBLISHERS: Mapping[str, tuple[str, ...]] = {
    "de": _lines("""Frankfurt a. M.:Suhrkamp|Frankfurt am Main:Suhrkamp|Frankfurt/M.:Campus|Frankfurt a.M./New York:Campus|Opladen:Leske + Budrich|Opladen:Westdeutscher Verlag|Berlin:de Gruyter
        Wiesbaden:VS Verlag für Sozialwissenschaften|Wiesbaden:Springer VS|Weinheim:Beltz|Weinheim und München:Juventa|München:C. H. Beck|Göttingen:Vandenhoeck & Ruprecht|Tübingen:Mohr Siebeck
        Stuttgart:Klett-Cotta|Stuttgart:Kohlhammer|Reinbek bei Hamburg:Rowohlt|Bielefeld:transcript|Münster:Waxmann|Münster:LIT|Baden-Baden:Nomos|Bad Heilbrunn:Klinkhardt|Stuttgart:Steiner
        Konstanz:UVK|Berlin:Duncker & Humblot|Hamburg:Junius|Leipzig:Teubner|Wien:Böhlau|Köln/Wien:Böhlau|Zürich:Seismo|Neuwied:Luchterhand|Darmstadt:Wissenschaftliche Buchgesellschaft|Bern:Haupt
        Berlin u. a.:Springer|Frankfurt am Main u. a.:Peter Lang|Weilerswist:Velbrück|Hamburg:VSA|Köln:Kiepenheuer & Witsch|München:Oldenbourg|Paderborn:Schöningh|Hannover:ARL|Berlin:Suhrkamp
        Stuttgart:Lucius & Lucius|Göttingen:Hogrefe|Freiburg i. Br.:Herder|Jena:Fischer|Stuttgart/New York:Thieme|Innsbruck:StudienVerlag|Halle (Saale):IWH|Nürnberg:IAB|Bonn:Dietz Nachf."""),
    "en": _lines("""London:Routledge|Cambridge:Cambridge University Press|New York:Cambridge University Press|Oxford:Oxford University Press|Cambridge, MA:Harvard University Press|London:Sage|Thousand Oaks, CA:Sage
        Princeton, NJ:Princeton University Press|Chicago:University of Chicago Press|New York:Free Press|London and New York:Verso|Basingstoke:Palgrave Macmillan|Cheltenham:Edward Elgar|Cambridge:Polity Press
        New Haven:Yale University Press|Berkeley:University of California Press|Boston:Beacon Press|Oxford:Blackwell|Aldershot:Ashgate|New York:Wiley|London:Macmillan|Ithaca, NY:Cornell University Press
        Washington, D.C.:Brookings Institution|Washington, DC:World Bank|Paris:OECD|Geneva:ILO|New York:Russell Sage Foundation|New York:McGraw-Hill|London:Earthscan|Dordrecht:Kluwer|Boulder, Colo.:Westview Press
        Stanford:Stanford University Press|Manchester:Manchester University Press|Amsterdam:North-Holland|Leiden:Brill|Harmondsworth:Penguin|Philadelphia:Saunders|St. Louis, MO:Mosby|San Francisco:Jossey-Bass"""),
    "fr": _lines("""Paris:Seuil|Paris:Gallimard|Paris:Presses universitaires de France|Paris:PUF|Paris:L'Harmattan|Paris:La Découverte|Paris:Éditions de Minuit|Paris:Fayard|Rennes:Presses universitaires de Rennes
        Paris:Armand Colin|Bruxelles:De Boeck|Genève:Droz|Lausanne:Payot|Lyon:ENS Éditions|Montréal:Boréal|Paris:Karthala|Paris:Presses de Sciences Po|Paris/La Haye:Mouton|Grenoble:PUG|Québec:PUL"""),
    "it": _lines("""Bologna:Il Mulino|Torino:Einaudi|Milano:Feltrinelli|Roma-Bari:Laterza|Milano:FrancoAngeli|Venezia:Marsilio|Firenze:Olschki|Firenze:La Nuova Italia|Padova:Cedam|Roma:Carocci|Milano:Giuffrè|Vicenza:Neri Pozza
        Napoli:Liguori|Venezia:Deputazione di storia patria|Roma:Bulzoni|Milano:Mondadori|Roma:Donzelli"""),
    "es": _lines("""México:Siglo XXI|México:Fondo de Cultura Económica|Madrid:Alianza|Madrid:Siglo XXI|Barcelona:Gedisa|Barcelona:Paidós|Buenos Aires:CLACSO|Madrid:Cátedra|Madrid:CIS|Santiago de Chile:FLACSO|México, D.F.:UNAM
        Buenos Aires:Paidós|Madrid:Tecnos|México:El Colegio de México|Barcelona:Ariel|Quito:Abya-Yala"""),
    "pt": _lines("""São Paulo:Cortez|Rio de Janeiro:Zahar|São Paulo:Companhia das Letras|Petrópolis:Vozes|Lisboa:Edições 70|Porto:Afrontamento|São Paulo:Hucitec|Rio de Janeiro:Paz e Terra|Campinas:Papirus|São Paulo:Atlas
        Lisboa:Imprensa de Ciências Sociais|Belo Horizonte:Editora UFMG|Porto Alegre:Artmed|Brasília:Editora UnB|Coimbra:Almedina|São Paulo:Perspectiva"""),
    "nl": _lines(
        "Amsterdam:Boom|Assen:Van Gorcum|Amsterdam:Amsterdam University Press|Den Haag:SCP|Leuven:Acco|Utrecht:Spectrum|Antwerpen:Garant|Meppel:Boom|Groningen:Wolters-Noordhoff|'s-Gravenhage:Nijhoff"
    ),
    "pl": _lines(
        "Warszawa:PWN|Warszawa:Wydawnictwo Naukowe Scholar|Kraków:Nomos|Wrocław:Ossolineum|Kraków:Znak|Kraków:Wydawnictwo UJ|Toruń:UMK|Warszawa:IFiS PAN|Łódź:Wydawnictwo UŁ|Poznań:Zysk i S-ka"
    ),
    "tr": _lines(
        "İstanbul:İletişim|İstanbul:Metis|Ankara:İmge|İstanbul:Yapı Kredi Yayınları|Ankara:Dost Kitabevi|İstanbul:İş Bankası Kültür Yayınları|Ankara:TTK|İstanbul:Bağlam"
    ),
    "sv": _lines(
        "Stockholm:Norstedts|Lund:Studentlitteratur|Stockholm:Bonniers|København:Gyldendal|København:Hans Reitzel|Oslo:Universitetsforlaget|Göteborg:Daidalos|Stockholm:Liber|Aarhus:Aarhus Universitetsforlag|Helsinki:Gaudeamus"
    ),
    "ru": _lines(
        "М.:Наука|М.:Мысль|М.:РОССПЭН|СПб.:Алетейя|М.:Прогресс|СПб.:Питер|М.:Изд-во МГУ|М.:Новое литературное обозрение|Новосибирск:Наука|Л.:Наука|М.:Политиздат|М.:ИНФРА-М|Екатеринбург:Изд-во УрГУ|Москва:Аспект Пресс"
    ),
    "zh": _lines(
        "北京:商务印书馆|北京:社会科学文献出版社|上海:上海人民出版社|北京:人民出版社|北京:北京大学出版社|北京:中国社会科学出版社|南京:江苏人民出版社"
    ),
    "ja": _lines(
        "東京:岩波書店|東京:東京大学出版会|東京:有斐閣|京都:ミネルヴァ書房|東京:勁草書房|東京:みすず書房|東京:講談社"
    ),
    "ko": _lines("서울:나남|서울:한울아카데미|서울:창작과비평사|파주:한길사|서울:박영사|서울:학지사"),
}
"""Places with publishers."""

NEWSPAPERS = _lines("""Süddeutsche Zeitung|Frankfurter Allgemeine Zeitung|FAZ|Die Zeit|Der Spiegel|taz|Neue Zürcher Zeitung|Der Standard|Frankfurter Rundschau|Die Welt|The Guardian|The New York Times|New York Times|The Economist
    Washington Post|Financial Times|The Times|Le Monde|Libération|La Repubblica|Corriere della Sera|Il Sole 24 Ore|El País|La Jornada|Folha de S. Paulo|O Globo|de Volkskrant|NRC Handelsblad|Gazeta Wyborcza|Dagens Nyheter|BBC News""")

SERIES = _lines("""Campus Forschung|suhrkamp taschenbuch wissenschaft|Edition Suhrkamp|Schriften des Vereins für Socialpolitik|Schriftenreihe der Bundeszentrale für politische Bildung|Münchner Geographische Hefte|Studien zur Sozialwissenschaft
    Kölner Zeitschrift für Soziologie und Sozialpsychologie, Sonderheft|Beiträge zur Arbeitsmarkt- und Berufsforschung|Erlanger Geographische Arbeiten|Historische Studien|Frankfurter Beiträge zur Soziologie|Europäische Hochschulschriften
    Lecture Notes in Computer Science|Lecture Notes in Mathematics|Graduate Texts in Mathematics|Cambridge Studies in Social Theory|Oxford Historical Monographs|Studies in Comparative Politics|Le sens commun|Repères|Points|Que sais-je ?
    Biblioteca di cultura moderna|Studi e ricerche|Colección Popular|Coleção Primeiros Passos|ZA-Information|IAB-Bibliothek|Bochumer Geographische Arbeiten|Grundwissen Politik|Wege der Forschung|Beihefte der Geographischen Zeitschrift""")

ARCHIVES = _lines("""Bundesarchiv Berlin, R 43 II/1234|BArch, NS 19/345|PA AA, R 70834|HStA Stuttgart, E 130b Bü 456|GStA PK, I. HA Rep. 77|TNA, FO 371/12345|PRO, CAB 128/34|NARA, RG 59, Box 123|Archives nationales, F7 12345|AN, F 17 8765
    ASV, Senato, Terra, reg. 12|ASVe, Consiglio dei Dieci, Misti, reg. 27|Archivio di Stato di Venezia, Notarile, Testamenti, b. 345|ASF, Mediceo del Principato, f. 1234|BNM, Cod. It. VII, 519|BMC, Cod. Cicogna 2345|StA Hamburg, 111-1, 345
    SAPMO-BArch, DY 30/IV 2/2|ГАРФ. Ф. 5446. Оп. 1. Д. 12|РГАСПИ. Ф. 17. Оп. 3|AdsD, NL Bebel, Box 3|BL, Add. MS 12345|Biblioteca Marciana, Ms. It. VII 1234""")

CONFERENCES = _lines("""Proc. of ICML|Proceedings of the 12th International Conference on Machine Learning|NIPS|Advances in Neural Information Processing Systems|Proc. IEEE INFOCOM|CVPR|Proceedings of ACL|Proc. ACM SIGMOD
    Proceedings of the 28th Annual ACM Symposium on Theory of Computing|IEEE Int. Conf. on Robotics and Automation|Proc. 3rd Workshop on Social Networks|ICLR|AAAI|Proceedings of the International Congress of Mathematicians""")

UNIVERSITIES: Mapping[str, tuple[str, ...]] = {
    "de": _lines(
        "Universität Bielefeld|Universität Hamburg|Freie Universität Berlin|Ludwig-Maximilians-Universität München|Univ. Bremen|Universität Wien|Universität Zürich|TU Dresden|Universität zu Köln"
    ),
    "en": _lines(
        "University of Oxford|Harvard University|University of California, Berkeley|London School of Economics|Stanford University|University of Michigan|MIT|Yale University|University of Sussex|Columbia University"
    ),
    "fr": _lines(
        "Université Paris 1|EHESS|Université Lyon 2|Université de Genève|Université Laval|Université de Montréal"
    ),
    "it": _lines(
        "Università Ca' Foscari Venezia|Università di Bologna|Università degli Studi di Padova|Università di Roma La Sapienza"
    ),
    "es": _lines("Universidad Complutense de Madrid|UNAM|Universidad de Buenos Aires|El Colegio de México|FLACSO"),
    "pt": _lines("Universidade de São Paulo|Universidade Federal do Rio de Janeiro|UNICAMP|Universidade de Lisboa|USP"),
    "nl": _lines("Universiteit van Amsterdam|KU Leuven|Universiteit Utrecht"),
    "pl": _lines("Uniwersytet Warszawski|Uniwersytet Jagielloński|UAM"),
    "tr": _lines("Ankara Üniversitesi|İstanbul Üniversitesi|ODTÜ|Hacettepe Üniversitesi"),
    "sv": _lines("Lunds universitet|Uppsala universitet|Københavns Universitet|Universitetet i Oslo"),
    "ru": _lines("МГУ|СПбГУ|РГГУ"),
}
