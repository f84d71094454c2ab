// Made by Tools/goldens/normalization_tables.py; do not edit.
// Measured with Hugging Face tokenizers 0.23.3.

/// Canonical decompositions and combining classes.
enum NormalizationData {
    /// Pairs: first scalar, then `count << 8 | class`.
    static let classes: [UInt32] = [
        0x300, 0x15e6, 0x315, 0x1e8, 0x316, 0x4dc, 0x31a, 0x1e8, 0x31b, 0x1d8, 0x31c, 0x5dc, 0x321,
        0x2ca, 0x323, 0x4dc, 0x327, 0x2ca, 0x329, 0xbdc, 0x334, 0x501, 0x339, 0x4dc, 0x33d, 0x3e6,
        0x342, 0x1e6, 0x345, 0x1f0, 0x346, 0x1e6, 0x347, 0x3dc, 0x34a, 0x3e6, 0x34d, 0x2dc, 0x350,
        0x3e6, 0x353, 0x4dc, 0x357, 0x1e6, 0x358, 0x1e8, 0x359, 0x2dc, 0x35b, 0x1e6, 0x35c, 0x1e9,
        0x35d, 0x2ea, 0x35f, 0x1e9, 0x360, 0x2ea, 0x362, 0x1e9, 0x363, 0xde6, 0x483, 0x5e6, 0x591,
        0x1dc, 0x592, 0x4e6, 0x596, 0x1dc, 0x597, 0x3e6, 0x59a, 0x1de, 0x59b, 0x1dc, 0x59c, 0x6e6,
        0x5a2, 0x6dc, 0x5a8, 0x2e6, 0x5aa, 0x1dc, 0x5ab, 0x2e6, 0x5ad, 0x1de, 0x5ae, 0x1e4, 0x5af,
        0x1e6, 0x5b0, 0x10a, 0x5b1, 0x10b, 0x5b2, 0x10c, 0x5b3, 0x10d, 0x5b4, 0x10e, 0x5b5, 0x10f,
        0x5b6, 0x110, 0x5b7, 0x111, 0x5b8, 0x112, 0x5b9, 0x213, 0x5bb, 0x114, 0x5bc, 0x115, 0x5bd,
        0x116, 0x5bf, 0x117, 0x5c1, 0x118, 0x5c2, 0x119, 0x5c4, 0x1e6, 0x5c5, 0x1dc, 0x5c7, 0x112,
        0x610, 0x8e6, 0x618, 0x11e, 0x619, 0x11f, 0x61a, 0x120, 0x64b, 0x11b, 0x64c, 0x11c, 0x64d,
        0x11d, 0x64e, 0x11e, 0x64f, 0x11f, 0x650, 0x120, 0x651, 0x121, 0x652, 0x122, 0x653, 0x2e6,
        0x655, 0x2dc, 0x657, 0x5e6, 0x65c, 0x1dc, 0x65d, 0x2e6, 0x65f, 0x1dc, 0x670, 0x123, 0x6d6,
        0x7e6, 0x6df, 0x4e6, 0x6e3, 0x1dc, 0x6e4, 0x1e6, 0x6e7, 0x2e6, 0x6ea, 0x1dc, 0x6eb, 0x2e6,
        0x6ed, 0x1dc, 0x711, 0x124, 0x730, 0x1e6, 0x731, 0x1dc, 0x732, 0x2e6, 0x734, 0x1dc, 0x735,
        0x2e6, 0x737, 0x3dc, 0x73a, 0x1e6, 0x73b, 0x2dc, 0x73d, 0x1e6, 0x73e, 0x1dc, 0x73f, 0x3e6,
        0x742, 0x1dc, 0x743, 0x1e6, 0x744, 0x1dc, 0x745, 0x1e6, 0x746, 0x1dc, 0x747, 0x1e6, 0x748,
        0x1dc, 0x749, 0x2e6, 0x7eb, 0x7e6, 0x7f2, 0x1dc, 0x7f3, 0x1e6, 0x816, 0x4e6, 0x81b, 0x9e6,
        0x825, 0x3e6, 0x829, 0x5e6, 0x859, 0x3dc, 0x8d4, 0xee6, 0x8e3, 0x1dc, 0x8e4, 0x2e6, 0x8e6,
        0x1dc, 0x8e7, 0x2e6, 0x8e9, 0x1dc, 0x8ea, 0x3e6, 0x8ed, 0x3dc, 0x8f0, 0x11b, 0x8f1, 0x11c,
        0x8f2, 0x11d, 0x8f3, 0x3e6, 0x8f6, 0x1dc, 0x8f7, 0x2e6, 0x8f9, 0x2dc, 0x8fb, 0x5e6, 0x93c,
        0x107, 0x94d, 0x109, 0x951, 0x1e6, 0x952, 0x1dc, 0x953, 0x2e6, 0x9bc, 0x107, 0x9cd, 0x109,
        0xa3c, 0x107, 0xa4d, 0x109, 0xabc, 0x107, 0xacd, 0x109, 0xb3c, 0x107, 0xb4d, 0x109, 0xbcd,
        0x109, 0xc4d, 0x109, 0xc55, 0x154, 0xc56, 0x15b, 0xcbc, 0x107, 0xccd, 0x109, 0xd4d, 0x109,
        0xdca, 0x109, 0xe38, 0x267, 0xe3a, 0x109, 0xe48, 0x46b, 0xeb8, 0x276, 0xec8, 0x47a, 0xf18,
        0x2dc, 0xf35, 0x1dc, 0xf37, 0x1dc, 0xf39, 0x1d8, 0xf71, 0x181, 0xf72, 0x182, 0xf74, 0x184,
        0xf7a, 0x482, 0xf80, 0x182, 0xf82, 0x2e6, 0xf84, 0x109, 0xf86, 0x2e6, 0xfc6, 0x1dc, 0x1037,
        0x107, 0x1039, 0x209, 0x108d, 0x1dc, 0x135d, 0x3e6, 0x1714, 0x109, 0x1734, 0x109, 0x17d2,
        0x109, 0x17dd, 0x1e6, 0x18a9, 0x1e4, 0x1939, 0x1de, 0x193a, 0x1e6, 0x193b, 0x1dc, 0x1a17,
        0x1e6, 0x1a18, 0x1dc, 0x1a60, 0x109, 0x1a75, 0x8e6, 0x1a7f, 0x1dc, 0x1ab0, 0x5e6, 0x1ab5,
        0x6dc, 0x1abb, 0x2e6, 0x1abd, 0x1dc, 0x1b34, 0x107, 0x1b44, 0x109, 0x1b6b, 0x1e6, 0x1b6c,
        0x1dc, 0x1b6d, 0x7e6, 0x1baa, 0x209, 0x1be6, 0x107, 0x1bf2, 0x209, 0x1c37, 0x107, 0x1cd0,
        0x3e6, 0x1cd4, 0x101, 0x1cd5, 0x5dc, 0x1cda, 0x2e6, 0x1cdc, 0x4dc, 0x1ce0, 0x1e6, 0x1ce2,
        0x701, 0x1ced, 0x1dc, 0x1cf4, 0x1e6, 0x1cf8, 0x2e6, 0x1dc0, 0x2e6, 0x1dc2, 0x1dc, 0x1dc3,
        0x7e6, 0x1dca, 0x1dc, 0x1dcb, 0x2e6, 0x1dcd, 0x1ea, 0x1dce, 0x1d6, 0x1dcf, 0x1dc, 0x1dd0,
        0x1ca, 0x1dd1, 0x25e6, 0x1dfb, 0x1e6, 0x1dfc, 0x1e9, 0x1dfd, 0x1dc, 0x1dfe, 0x1e6, 0x1dff,
        0x1dc, 0x20d0, 0x2e6, 0x20d2, 0x201, 0x20d4, 0x4e6, 0x20d8, 0x301, 0x20db, 0x2e6, 0x20e1,
        0x1e6, 0x20e5, 0x201, 0x20e7, 0x1e6, 0x20e8, 0x1dc, 0x20e9, 0x1e6, 0x20ea, 0x201, 0x20ec,
        0x4dc, 0x20f0, 0x1e6, 0x2cef, 0x3e6, 0x2d7f, 0x109, 0x2de0, 0x20e6, 0x302a, 0x1da, 0x302b,
        0x1e4, 0x302c, 0x1e8, 0x302d, 0x1de, 0x302e, 0x2e0, 0x3099, 0x208, 0xa66f, 0x1e6, 0xa674,
        0xae6, 0xa69e, 0x2e6, 0xa6f0, 0x2e6, 0xa806, 0x109, 0xa8c4, 0x109, 0xa8e0, 0x12e6, 0xa92b,
        0x3dc, 0xa953, 0x109, 0xa9b3, 0x107, 0xa9c0, 0x109, 0xaab0, 0x1e6, 0xaab2, 0x2e6, 0xaab4,
        0x1dc, 0xaab7, 0x2e6, 0xaabe, 0x2e6, 0xaac1, 0x1e6, 0xaaf6, 0x109, 0xabed, 0x109, 0xfb1e,
        0x11a, 0xfe20, 0x7e6, 0xfe27, 0x7dc, 0xfe2e, 0x2e6, 0x101fd, 0x1dc, 0x102e0, 0x1dc, 0x10376,
        0x5e6, 0x10a0d, 0x1dc, 0x10a0f, 0x1e6, 0x10a38, 0x1e6, 0x10a39, 0x101, 0x10a3a, 0x1dc,
        0x10a3f, 0x109, 0x10ae5, 0x1e6, 0x10ae6, 0x1dc, 0x11046, 0x109, 0x1107f, 0x109, 0x110b9,
        0x109, 0x110ba, 0x107, 0x11100, 0x3e6, 0x11133, 0x209, 0x11173, 0x107, 0x111c0, 0x109,
        0x111ca, 0x107, 0x11235, 0x109, 0x11236, 0x107, 0x112e9, 0x107, 0x112ea, 0x109, 0x1133c,
        0x107, 0x1134d, 0x109, 0x11366, 0x7e6, 0x11370, 0x5e6, 0x11442, 0x109, 0x11446, 0x107,
        0x114c2, 0x109, 0x114c3, 0x107, 0x115bf, 0x109, 0x115c0, 0x107, 0x1163f, 0x109, 0x116b6,
        0x109, 0x116b7, 0x107, 0x1172b, 0x109, 0x11c3f, 0x109, 0x16af0, 0x501, 0x16b30, 0x7e6,
        0x1bc9e, 0x101, 0x1d165, 0x2d8, 0x1d167, 0x301, 0x1d16d, 0x1e2, 0x1d16e, 0x5d8, 0x1d17b,
        0x8dc, 0x1d185, 0x5e6, 0x1d18a, 0x2dc, 0x1d1aa, 0x4e6, 0x1d242, 0x3e6, 0x1e000, 0x7e6,
        0x1e008, 0x11e6, 0x1e01b, 0x7e6, 0x1e023, 0x2e6, 0x1e026, 0x5e6, 0x1e8d0, 0x7dc, 0x1e944,
        0x6e6, 0x1e94a, 0x107,
    ]

    /// Base64 of entries: a byte `count`, plus 0x80 where the scalar is the composition of what
    /// follows it; the scalar and the `count` scalars it decomposes to, in UTF-8.
    static let canonical = """
        gsOAQcyAgsOBQcyBgsOCQcyCgsODQcyDgsOEQcyIgsOFQcyKgsOHQ8yngsOIRcyAgsOJRcyBgsOKRcyCgsOLRcyIgsOM
        ScyAgsONScyBgsOOScyCgsOPScyIgsORTsyDgsOST8yAgsOTT8yBgsOUT8yCgsOVT8yDgsOWT8yIgsOZVcyAgsOaVcyB
        gsObVcyCgsOcVcyIgsOdWcyBgsOgYcyAgsOhYcyBgsOiYcyCgsOjYcyDgsOkYcyIgsOlYcyKgsOnY8yngsOoZcyAgsOp
        ZcyBgsOqZcyCgsOrZcyIgsOsacyAgsOtacyBgsOuacyCgsOvacyIgsOxbsyDgsOyb8yAgsOzb8yBgsO0b8yCgsO1b8yD
        gsO2b8yIgsO5dcyAgsO6dcyBgsO7dcyCgsO8dcyIgsO9ecyBgsO/ecyIgsSAQcyEgsSBYcyEgsSCQcyGgsSDYcyGgsSE
        QcyogsSFYcyogsSGQ8yBgsSHY8yBgsSIQ8yCgsSJY8yCgsSKQ8yHgsSLY8yHgsSMQ8yMgsSNY8yMgsSORMyMgsSPZMyM
        gsSSRcyEgsSTZcyEgsSURcyGgsSVZcyGgsSWRcyHgsSXZcyHgsSYRcyogsSZZcyogsSaRcyMgsSbZcyMgsScR8yCgsSd
        Z8yCgsSeR8yGgsSfZ8yGgsSgR8yHgsShZ8yHgsSiR8yngsSjZ8yngsSkSMyCgsSlaMyCgsSoScyDgsSpacyDgsSqScyE
        gsSracyEgsSsScyGgsStacyGgsSuScyogsSvacyogsSwScyHgsS0SsyCgsS1asyCgsS2S8yngsS3a8yngsS5TMyBgsS6
        bMyBgsS7TMyngsS8bMyngsS9TMyMgsS+bMyMgsWDTsyBgsWEbsyBgsWFTsyngsWGbsyngsWHTsyMgsWIbsyMgsWMT8yE
        gsWNb8yEgsWOT8yGgsWPb8yGgsWQT8yLgsWRb8yLgsWUUsyBgsWVcsyBgsWWUsyngsWXcsyngsWYUsyMgsWZcsyMgsWa
        U8yBgsWbc8yBgsWcU8yCgsWdc8yCgsWeU8yngsWfc8yngsWgU8yMgsWhc8yMgsWiVMyngsWjdMyngsWkVMyMgsWldMyM
        gsWoVcyDgsWpdcyDgsWqVcyEgsWrdcyEgsWsVcyGgsWtdcyGgsWuVcyKgsWvdcyKgsWwVcyLgsWxdcyLgsWyVcyogsWz
        dcyogsW0V8yCgsW1d8yCgsW2WcyCgsW3ecyCgsW4WcyIgsW5WsyBgsW6esyBgsW7WsyHgsW8esyHgsW9WsyMgsW+esyM
        gsagT8ybgsahb8ybgsavVcybgsawdcybgseNQcyMgseOYcyMgsePScyMgseQacyMgseRT8yMgseSb8yMgseTVcyMgseU
        dcyMg8eVVcyIzISDx5Z1zIjMhIPHl1XMiMyBg8eYdcyIzIGDx5lVzIjMjIPHmnXMiMyMg8ebVcyIzICDx5x1zIjMgIPH
        nkHMiMyEg8efYcyIzISDx6BBzIfMhIPHoWHMh8yEgseiw4bMhILHo8OmzISCx6ZHzIyCx6dnzIyCx6hLzIyCx6lrzIyC
        x6pPzKiCx6tvzKiDx6xPzKjMhIPHrW/MqMyEgseuxrfMjILHr8qSzIyCx7BqzIyCx7RHzIGCx7VnzIGCx7hOzICCx7lu
        zICDx7pBzIrMgYPHu2HMisyBgse8w4bMgYLHvcOmzIGCx77DmMyBgse/w7jMgYLIgEHMj4LIgWHMj4LIgkHMkYLIg2HM
        kYLIhEXMj4LIhWXMj4LIhkXMkYLIh2XMkYLIiEnMj4LIiWnMj4LIiknMkYLIi2nMkYLIjE/Mj4LIjW/Mj4LIjk/MkYLI
        j2/MkYLIkFLMj4LIkXLMj4LIklLMkYLIk3LMkYLIlFXMj4LIlXXMj4LIllXMkYLIl3XMkYLImFPMpoLImXPMpoLImlTM
        poLIm3TMpoLInkjMjILIn2jMjILIpkHMh4LIp2HMh4LIqEXMp4LIqWXMp4PIqk/MiMyEg8irb8yIzISDyKxPzIPMhIPI
        rW/Mg8yEgsiuT8yHgsivb8yHg8iwT8yHzISDyLFvzIfMhILIslnMhILIs3nMhAHNgMyAAc2BzIEBzYPMkwLNhMyIzIEB
        zbTKuQHNvjuCzoXCqMyBgs6GzpHMgQHOh8K3gs6IzpXMgYLOic6XzIGCzorOmcyBgs6Mzp/MgYLOjs6lzIGCzo/OqcyB
        g86QzrnMiMyBgs6qzpnMiILOq86lzIiCzqzOscyBgs6tzrXMgYLOrs63zIGCzq/OucyBg86wz4XMiMyBgs+KzrnMiILP
        i8+FzIiCz4zOv8yBgs+Nz4XMgYLPjs+JzIGCz5PPksyBgs+Uz5LMiILQgNCVzICC0IHQlcyIgtCD0JPMgYLQh9CGzIiC
        0IzQmsyBgtCN0JjMgILQjtCjzIaC0JnQmMyGgtC50LjMhoLRkNC1zICC0ZHQtcyIgtGT0LPMgYLRl9GWzIiC0ZzQusyB
        gtGd0LjMgILRntGDzIaC0bbRtMyPgtG30bXMj4LTgdCWzIaC04LQtsyGgtOQ0JDMhoLTkdCwzIaC05LQkMyIgtOT0LDM
        iILTltCVzIaC05fQtcyGgtOa05jMiILTm9OZzIiC05zQlsyIgtOd0LbMiILTntCXzIiC05/Qt8yIgtOi0JjMhILTo9C4
        zISC06TQmMyIgtOl0LjMiILTptCezIiC06fQvsyIgtOq06jMiILTq9OpzIiC06zQrcyIgtOt0Y3MiILTrtCjzISC06/R
        g8yEgtOw0KPMiILTsdGDzIiC07LQo8yLgtOz0YPMi4LTtNCnzIiC07XRh8yIgtO40KvMiILTudGLzIiC2KLYp9mTgtij
        2KfZlILYpNmI2ZSC2KXYp9mVgtim2YrZlILbgNuV2ZSC24LbgdmUgtuT25LZlILgpKngpKjgpLyC4KSx4KSw4KS8guCk
        tOCks+CkvALgpZjgpJXgpLwC4KWZ4KSW4KS8AuClmuCkl+CkvALgpZvgpJzgpLwC4KWc4KSh4KS8AuClneCkouCkvALg
        pZ7gpKvgpLwC4KWf4KSv4KS8guCni+Cnh+CmvoLgp4zgp4fgp5cC4Kec4Kah4Ka8AuCnneCmouCmvALgp5/gpq/gprwC
        4Kiz4Kiy4Ki8AuCotuCouOCovALgqZngqJbgqLwC4Kma4KiX4Ki8AuCpm+ConOCovALgqZ7gqKvgqLyC4K2I4K2H4K2W
        guCti+Cth+CsvoLgrYzgrYfgrZcC4K2c4Kyh4Ky8AuCtneCsouCsvILgrpTgrpLgr5eC4K+K4K+G4K6+guCvi+Cvh+Cu
        voLgr4zgr4bgr5eC4LGI4LGG4LGWguCzgOCyv+CzlYLgs4fgs4bgs5WC4LOI4LOG4LOWguCziuCzhuCzgoPgs4vgs4bg
        s4Lgs5WC4LWK4LWG4LS+guC1i+C1h+C0voLgtYzgtYbgtZeC4Lea4LeZ4LeKguC3nOC3meC3j4Pgt53gt5ngt4/gt4qC
        4Lee4LeZ4LefAuC9g+C9guC+twLgvY3gvYzgvrcC4L2S4L2R4L63AuC9l+C9luC+twLgvZzgvZvgvrcC4L2p4L2A4L61
        AuC9s+C9seC9sgLgvbXgvbHgvbQC4L224L6y4L6AAuC9uOC+s+C+gALgvoHgvbHgvoAC4L6T4L6S4L63AuC+neC+nOC+
        twLgvqLgvqHgvrcC4L6n4L6m4L63AuC+rOC+q+C+twLgvrngvpDgvrWC4YCm4YCl4YCuguGshuGsheGstYLhrIjhrIfh
        rLWC4ayK4ayJ4ay1guGsjOGsi+GstYLhrI7hrI3hrLWC4ayS4ayR4ay1guGsu+GsuuGstYLhrL3hrLzhrLWC4a2A4ay+
        4ay1guGtgeGsv+GstYLhrYPhrYLhrLWC4biAQcylguG4gWHMpYLhuIJCzIeC4biDYsyHguG4hELMo4LhuIVizKOC4biG
        QsyxguG4h2LMsYPhuIhDzKfMgYPhuIljzKfMgYLhuIpEzIeC4biLZMyHguG4jETMo4LhuI1kzKOC4biORMyxguG4j2TM
        sYLhuJBEzKeC4biRZMynguG4kkTMrYLhuJNkzK2D4biURcyEzICD4biVZcyEzICD4biWRcyEzIGD4biXZcyEzIGC4biY
        RcytguG4mWXMrYLhuJpFzLCC4bibZcywg+G4nEXMp8yGg+G4nWXMp8yGguG4nkbMh4LhuJ9mzIeC4bigR8yEguG4oWfM
        hILhuKJIzIeC4bijaMyHguG4pEjMo4LhuKVozKOC4bimSMyIguG4p2jMiILhuKhIzKeC4bipaMynguG4qkjMroLhuKto
        zK6C4bisScywguG4rWnMsIPhuK5JzIjMgYPhuK9pzIjMgYLhuLBLzIGC4bixa8yBguG4skvMo4LhuLNrzKOC4bi0S8yx
        guG4tWvMsYLhuLZMzKOC4bi3bMyjg+G4uEzMo8yEg+G4uWzMo8yEguG4ukzMsYLhuLtszLGC4bi8TMytguG4vWzMrYLh
        uL5NzIGC4bi/bcyBguG5gE3Mh4LhuYFtzIeC4bmCTcyjguG5g23Mo4LhuYROzIeC4bmFbsyHguG5hk7Mo4LhuYduzKOC
        4bmITsyxguG5iW7MsYLhuYpOzK2C4bmLbsytg+G5jE/Mg8yBg+G5jW/Mg8yBg+G5jk/Mg8yIg+G5j2/Mg8yIg+G5kE/M
        hMyAg+G5kW/MhMyAg+G5kk/MhMyBg+G5k2/MhMyBguG5lFDMgYLhuZVwzIGC4bmWUMyHguG5l3DMh4LhuZhSzIeC4bmZ
        csyHguG5mlLMo4LhuZtyzKOD4bmcUsyjzISD4bmdcsyjzISC4bmeUsyxguG5n3LMsYLhuaBTzIeC4bmhc8yHguG5olPM
        o4LhuaNzzKOD4bmkU8yBzIeD4bmlc8yBzIeD4bmmU8yMzIeD4bmnc8yMzIeD4bmoU8yjzIeD4bmpc8yjzIeC4bmqVMyH
        guG5q3TMh4LhuaxUzKOC4bmtdMyjguG5rlTMsYLhua90zLGC4bmwVMytguG5sXTMrYLhubJVzKSC4bmzdcykguG5tFXM
        sILhubV1zLCC4bm2VcytguG5t3XMrYPhubhVzIPMgYPhubl1zIPMgYPhubpVzITMiIPhubt1zITMiILhubxWzIOC4bm9
        dsyDguG5vlbMo4Lhub92zKOC4bqAV8yAguG6gXfMgILhuoJXzIGC4bqDd8yBguG6hFfMiILhuoV3zIiC4bqGV8yHguG6
        h3fMh4LhuohXzKOC4bqJd8yjguG6iljMh4Lhuot4zIeC4bqMWMyIguG6jXjMiILhuo5ZzIeC4bqPecyHguG6kFrMgoLh
        upF6zIKC4bqSWsyjguG6k3rMo4LhupRazLGC4bqVesyxguG6lmjMsYLhupd0zIiC4bqYd8yKguG6mXnMioLhupvFv8yH
        guG6oEHMo4LhuqFhzKOC4bqiQcyJguG6o2HMiYPhuqRBzILMgYPhuqVhzILMgYPhuqZBzILMgIPhuqdhzILMgIPhuqhB
        zILMiYPhuqlhzILMiYPhuqpBzILMg4PhuqthzILMg4PhuqxBzKPMgoPhuq1hzKPMgoPhuq5BzIbMgYPhuq9hzIbMgYPh
        urBBzIbMgIPhurFhzIbMgIPhurJBzIbMiYPhurNhzIbMiYPhurRBzIbMg4PhurVhzIbMg4PhurZBzKPMhoPhurdhzKPM
        hoLhurhFzKOC4bq5ZcyjguG6ukXMiYLhurtlzImC4bq8RcyDguG6vWXMg4Phur5FzILMgYPhur9lzILMgYPhu4BFzILM
        gIPhu4FlzILMgIPhu4JFzILMiYPhu4NlzILMiYPhu4RFzILMg4Phu4VlzILMg4Phu4ZFzKPMgoPhu4dlzKPMgoLhu4hJ
        zImC4buJacyJguG7iknMo4Lhu4tpzKOC4buMT8yjguG7jW/Mo4Lhu45PzImC4buPb8yJg+G7kE/MgsyBg+G7kW/MgsyB
        g+G7kk/MgsyAg+G7k2/MgsyAg+G7lE/MgsyJg+G7lW/MgsyJg+G7lk/MgsyDg+G7l2/MgsyDg+G7mE/Mo8yCg+G7mW/M
        o8yCg+G7mk/Mm8yBg+G7m2/Mm8yBg+G7nE/Mm8yAg+G7nW/Mm8yAg+G7nk/Mm8yJg+G7n2/Mm8yJg+G7oE/Mm8yDg+G7
        oW/Mm8yDg+G7ok/Mm8yjg+G7o2/Mm8yjguG7pFXMo4Lhu6V1zKOC4bumVcyJguG7p3XMiYPhu6hVzJvMgYPhu6l1zJvM
        gYPhu6pVzJvMgIPhu6t1zJvMgIPhu6xVzJvMiYPhu611zJvMiYPhu65VzJvMg4Phu691zJvMg4Phu7BVzJvMo4Phu7F1
        zJvMo4Lhu7JZzICC4buzecyAguG7tFnMo4Lhu7V5zKOC4bu2WcyJguG7t3nMiYLhu7hZzIOC4bu5ecyDguG8gM6xzJOC
        4byBzrHMlIPhvILOscyTzICD4byDzrHMlMyAg+G8hM6xzJPMgYPhvIXOscyUzIGD4byGzrHMk82Cg+G8h86xzJTNgoLh
        vIjOkcyTguG8ic6RzJSD4byKzpHMk8yAg+G8i86RzJTMgIPhvIzOkcyTzIGD4byNzpHMlMyBg+G8js6RzJPNgoPhvI/O
        kcyUzYKC4byQzrXMk4LhvJHOtcyUg+G8ks61zJPMgIPhvJPOtcyUzICD4byUzrXMk8yBg+G8lc61zJTMgYLhvJjOlcyT
        guG8mc6VzJSD4byazpXMk8yAg+G8m86VzJTMgIPhvJzOlcyTzIGD4bydzpXMlMyBguG8oM63zJOC4byhzrfMlIPhvKLO
        t8yTzICD4byjzrfMlMyAg+G8pM63zJPMgYPhvKXOt8yUzIGD4bymzrfMk82Cg+G8p863zJTNgoLhvKjOl8yTguG8qc6X
        zJSD4byqzpfMk8yAg+G8q86XzJTMgIPhvKzOl8yTzIGD4bytzpfMlMyBg+G8rs6XzJPNgoPhvK/Ol8yUzYKC4bywzrnM
        k4LhvLHOucyUg+G8ss65zJPMgIPhvLPOucyUzICD4by0zrnMk8yBg+G8tc65zJTMgYPhvLbOucyTzYKD4by3zrnMlM2C
        guG8uM6ZzJOC4by5zpnMlIPhvLrOmcyTzICD4by7zpnMlMyAg+G8vM6ZzJPMgYPhvL3OmcyUzIGD4by+zpnMk82Cg+G8
        v86ZzJTNgoLhvYDOv8yTguG9gc6/zJSD4b2Czr/Mk8yAg+G9g86/zJTMgIPhvYTOv8yTzIGD4b2Fzr/MlMyBguG9iM6f
        zJOC4b2Jzp/MlIPhvYrOn8yTzICD4b2Lzp/MlMyAg+G9jM6fzJPMgYPhvY3On8yUzIGC4b2Qz4XMk4LhvZHPhcyUg+G9
        ks+FzJPMgIPhvZPPhcyUzICD4b2Uz4XMk8yBg+G9lc+FzJTMgYPhvZbPhcyTzYKD4b2Xz4XMlM2CguG9mc6lzJSD4b2b
        zqXMlMyAg+G9nc6lzJTMgYPhvZ/OpcyUzYKC4b2gz4nMk4LhvaHPicyUg+G9os+JzJPMgIPhvaPPicyUzICD4b2kz4nM
        k8yBg+G9pc+JzJTMgYPhvabPicyTzYKD4b2nz4nMlM2CguG9qM6pzJOC4b2pzqnMlIPhvarOqcyTzICD4b2rzqnMlMyA
        g+G9rM6pzJPMgYPhva3OqcyUzIGD4b2uzqnMk82Cg+G9r86pzJTNgoLhvbDOscyAAuG9sc6xzIGC4b2yzrXMgALhvbPO
        tcyBguG9tM63zIAC4b21zrfMgYLhvbbOucyAAuG9t865zIGC4b24zr/MgALhvbnOv8yBguG9us+FzIAC4b27z4XMgYLh
        vbzPicyAAuG9vc+JzIGD4b6AzrHMk82Fg+G+gc6xzJTNhYThvoLOscyTzIDNhYThvoPOscyUzIDNhYThvoTOscyTzIHN
        hYThvoXOscyUzIHNhYThvobOscyTzYLNhYThvofOscyUzYLNhYPhvojOkcyTzYWD4b6JzpHMlM2FhOG+is6RzJPMgM2F
        hOG+i86RzJTMgM2FhOG+jM6RzJPMgc2FhOG+jc6RzJTMgc2FhOG+js6RzJPNgs2FhOG+j86RzJTNgs2Fg+G+kM63zJPN
        hYPhvpHOt8yUzYWE4b6SzrfMk8yAzYWE4b6TzrfMlMyAzYWE4b6UzrfMk8yBzYWE4b6VzrfMlMyBzYWE4b6WzrfMk82C
        zYWE4b6XzrfMlM2CzYWD4b6YzpfMk82Fg+G+mc6XzJTNhYThvprOl8yTzIDNhYThvpvOl8yUzIDNhYThvpzOl8yTzIHN
        hYThvp3Ol8yUzIHNhYThvp7Ol8yTzYLNhYThvp/Ol8yUzYLNhYPhvqDPicyTzYWD4b6hz4nMlM2FhOG+os+JzJPMgM2F
        hOG+o8+JzJTMgM2FhOG+pM+JzJPMgc2FhOG+pc+JzJTMgc2FhOG+ps+JzJPNgs2FhOG+p8+JzJTNgs2Fg+G+qM6pzJPN
        hYPhvqnOqcyUzYWE4b6qzqnMk8yAzYWE4b6rzqnMlMyAzYWE4b6szqnMk8yBzYWE4b6tzqnMlMyBzYWE4b6uzqnMk82C
        zYWE4b6vzqnMlM2CzYWC4b6wzrHMhoLhvrHOscyEg+G+ss6xzIDNhYLhvrPOsc2Fg+G+tM6xzIHNhYLhvrbOsc2Cg+G+
        t86xzYLNhYLhvrjOkcyGguG+uc6RzISC4b66zpHMgALhvrvOkcyBguG+vM6RzYUB4b6+zrmC4b+BwqjNgoPhv4LOt8yA
        zYWC4b+DzrfNhYPhv4TOt8yBzYWC4b+GzrfNgoPhv4fOt82CzYWC4b+IzpXMgALhv4nOlcyBguG/is6XzIAC4b+LzpfM
        gYLhv4zOl82FguG/jeG+v8yAguG/juG+v8yBguG/j+G+v82CguG/kM65zIaC4b+RzrnMhIPhv5LOucyIzIAD4b+TzrnM
        iMyBguG/ls65zYKD4b+XzrnMiM2CguG/mM6ZzIaC4b+ZzpnMhILhv5rOmcyAAuG/m86ZzIGC4b+d4b++zICC4b+e4b++
        zIGC4b+f4b++zYKC4b+gz4XMhoLhv6HPhcyEg+G/os+FzIjMgAPhv6PPhcyIzIGC4b+kz4HMk4Lhv6XPgcyUguG/ps+F
        zYKD4b+nz4XMiM2CguG/qM6lzIaC4b+pzqXMhILhv6rOpcyAAuG/q86lzIGC4b+szqHMlILhv63CqMyAAuG/rsKozIEB
        4b+vYIPhv7LPicyAzYWC4b+zz4nNhYPhv7TPicyBzYWC4b+2z4nNgoPhv7fPic2CzYWC4b+4zp/MgALhv7nOn8yBguG/
        us6pzIAC4b+7zqnMgYLhv7zOqc2FAeG/vcK0AeKAgOKAggHigIHigIMB4oSmzqkB4oSqSwLihKtBzIqC4oaa4oaQzLiC
        4oab4oaSzLiC4oau4oaUzLiC4oeN4oeQzLiC4oeO4oeUzLiC4oeP4oeSzLiC4oiE4oiDzLiC4oiJ4oiIzLiC4oiM4oiL
        zLiC4oik4oijzLiC4oim4oilzLiC4omB4oi8zLiC4omE4omDzLiC4omH4omFzLiC4omJ4omIzLiC4omgPcy4guKJouKJ
        ocy4guKJreKJjcy4guKJrjzMuILiia8+zLiC4omw4omkzLiC4omx4omlzLiC4om04omyzLiC4om14omzzLiC4om44om2
        zLiC4om54om3zLiC4oqA4om6zLiC4oqB4om7zLiC4oqE4oqCzLiC4oqF4oqDzLiC4oqI4oqGzLiC4oqJ4oqHzLiC4oqs
        4oqizLiC4oqt4oqozLiC4oqu4oqpzLiC4oqv4oqrzLiC4oug4om8zLiC4ouh4om9zLiC4oui4oqRzLiC4ouj4oqSzLiC
        4ouq4oqyzLiC4our4oqzzLiC4ous4oq0zLiC4out4oq1zLgB4oyp44CIAeKMquOAiQLiq5ziq53MuILjgYzjgYvjgpmC
        44GO44GN44KZguOBkOOBj+OCmYLjgZLjgZHjgpmC44GU44GT44KZguOBluOBleOCmYLjgZjjgZfjgpmC44Ga44GZ44KZ
        guOBnOOBm+OCmYLjgZ7jgZ3jgpmC44Gg44Gf44KZguOBouOBoeOCmYLjgaXjgaTjgpmC44Gn44Gm44KZguOBqeOBqOOC
        mYLjgbDjga/jgpmC44Gx44Gv44KaguOBs+OBsuOCmYLjgbTjgbLjgpqC44G244G144KZguOBt+OBteOCmoLjgbnjgbjj
        gpmC44G644G444KaguOBvOOBu+OCmYLjgb3jgbvjgpqC44KU44GG44KZguOCnuOCneOCmYLjgqzjgqvjgpmC44Ku44Kt
        44KZguOCsOOCr+OCmYLjgrLjgrHjgpmC44K044Kz44KZguOCtuOCteOCmYLjgrjjgrfjgpmC44K644K544KZguOCvOOC
        u+OCmYLjgr7jgr3jgpmC44OA44K/44KZguODguODgeOCmYLjg4Xjg4TjgpmC44OH44OG44KZguODieODiOOCmYLjg5Dj
        g4/jgpmC44OR44OP44KaguODk+ODkuOCmYLjg5Tjg5LjgpqC44OW44OV44KZguODl+ODleOCmoLjg5njg5jjgpmC44Oa
        44OY44KaguODnOODm+OCmYLjg53jg5vjgpqC44O044Km44KZguODt+ODr+OCmYLjg7jjg7DjgpmC44O544Ox44KZguOD
        uuODsuOCmYLjg77jg73jgpkB76SA6LGIAe+kgeabtAHvpILou4oB76SD6LOIAe+khOa7kQHvpIXkuLIB76SG5Y+lAe+k
        h+m+nAHvpIjpvpwB76SJ5aWRAe+kiumHkQHvpIvllocB76SM5aWIAe+kjeaHtgHvpI7nmakB76SP576FAe+kkOiYvwHv
        pJHonroB76SS6KO4Ae+kk+mCjwHvpJTmqIIB76SV5rSbAe+klueDmQHvpJfnj54B76SY6JC9Ae+kmemFqgHvpJrpp7EB
        76Sb5LqCAe+knOWNtQHvpJ3mrIQB76Se54ibAe+kn+iYrQHvpKDpuJ4B76Sh5bWQAe+koua/qwHvpKPol40B76Sk6KWk
        Ae+kpeaLiQHvpKboh5gB76Sn6KCfAe+kqOW7igHvpKnmnJcB76Sq5rWqAe+kq+eLvAHvpKzpg44B76St5L6GAe+kruWG
        twHvpK/li54B76Sw5pOEAe+ksearkwHvpLLniJAB76Sz55unAe+ktOiAgQHvpLXomIYB76S26JmcAe+kt+i3rwHvpLjp
        nLIB76S56a2vAe+kuum3ugHvpLvnoowB76S856W/Ae+kvee2oAHvpL7oj4kB76S/6YyEAe+lgOm5vwHvpYHoq5YB76WC
        5aOfAe+lg+W8hAHvpYTnsaAB76WF6IG+Ae+lhueJogHvpYfno4oB76WI6LOCAe+liembtwHvpYrlo5gB76WL5bGiAe+l
        jOaokwHvpY3mt5oB76WO5ryPAe+lj+e0rwHvpZDnuLcB76WR6ZmLAe+lkuWLkgHvpZPogosB76WU5YecAe+lleWHjAHv
        pZbnqJwB76WX57a+Ae+lmOiPsQHvpZnpmbUB76Wa6K6AAe+lm+aLjwHvpZzmqIIB76Wd6Ku+Ae+lnuS4uQHvpZ/lr6cB
        76Wg5oCSAe+loeeOhwHvpaLnlbAB76Wj5YyXAe+lpOejuwHvpaXkvr8B76Wm5b6pAe+lp+S4jQHvpajms4wB76Wp5pW4
        Ae+lque0ogHvpavlj4MB76Ws5aGeAe+lreecgQHvpa7okYkB76Wv6KqqAe+lsOauugHvpbHovrAB76Wy5rKIAe+ls+aL
        vgHvpbToi6UB76W15o6gAe+ltueVpQHvpbfkuq4B76W45YWpAe+lueWHiQHvpbrmooEB76W757OnAe+lvOiJrwHvpb3o
        q5IB76W+6YePAe+lv+WLtQHvpoDlkYIB76aB5aWzAe+mguW7rAHvpoPml4UB76aE5r++Ae+mheekqgHvpobplq0B76aH
        6amqAe+miOm6lwHvponpu44B76aK5YqbAe+mi+abhgHvpozmrbcB76aN6L2iAe+mjuW5tAHvpo/mhpAB76aQ5oiAAe+m
        keaSmgHvppLmvKMB76aT54WJAe+mlOeSiQHvppXnp4oB76aW57e0Ae+ml+iBrwHvppjovKYB76aZ6JOuAe+mmumAowHv
        ppvpjYoB76ac5YiXAe+mneWKowHvpp7lkr0B76af54OIAe+moOijggHvpqHoqqoB76ai5buJAe+mo+W/tQHvpqTmjbsB
        76al5q6uAe+mpuewvgHvpqfnjbUB76ao5LukAe+mqeWbuQHvpqrlr6cB76ar5ba6Ae+mrOaAnAHvpq3njrIB76au55Gp
        Ae+mr+e+mgHvprDogYYB76ax6Yi0Ae+msumbtgHvprPpnYgB76a06aCYAe+mteS+iwHvprbnpq4B76a36Ya0Ae+muOma
        uAHvprnmg6EB76a65LqGAe+mu+WDmgHvprzlr64B76a95bC/Ae+mvuaWmQHvpr/mqIIB76eA54eOAe+ngeeZggHvp4Lo
        k7wB76eD6YG8Ae+nhOm+jQHvp4XmmogB76eG6ZiuAe+nh+WKiQHvp4jmnbsB76eJ5p+zAe+niua1gQHvp4vmupwB76eM
        55CJAe+njeeVmQHvp47noasB76eP57SQAe+nkOmhngHvp5Hlha0B76eS5oiuAe+nk+mZuAHvp5TlgKsB76eV5bSZAe+n
        lua3qgHvp5fovKoB76eY5b6LAe+nmeaFhAHvp5rmoJcB76eb546HAe+nnOmahgHvp53liKkB76ee5ZCPAe+nn+WxpQHv
        p6DmmJMB76eh5p2OAe+nouaiqAHvp6Pms6UB76ek55CGAe+npeeXogHvp6bnvbkB76en6KOPAe+nqOijoQHvp6nph4wB
        76eq6ZuiAe+nq+WMvwHvp6zmuroB76et5ZCdAe+nrueHkAHvp6/nkpgB76ew6Je6Ae+nsemaowHvp7LpsZcB76ez6bqf
        Ae+ntOaelwHvp7Xmt4sB76e26IeoAe+nt+eriwHvp7jnrKAB76e557KSAe+nuueLgAHvp7vngpkB76e86K2YAe+nveS7
        gAHvp77ojLYB76e/5Yi6Ae+ogOWIhwHvqIHluqYB76iC5ouTAe+og+ezlgHvqITlroUB76iF5rSeAe+ohuaatAHvqIfo
        vLsB76iI6KGMAe+oiemZjQHvqIroposB76iL5buTAe+ojOWFgAHvqI3ll4AB76iQ5aGaAe+okuaZtAHvqJXlh54B76iW
        54yqAe+ol+ebigHvqJjnpLwB76iZ56WeAe+omuelpQHvqJvnpo8B76ic6Z2WAe+oneeyvgHvqJ7nvr0B76ig6JiSAe+o
        ouiruAHvqKXpgLgB76im6YO9Ae+oqumjrwHvqKvpo7wB76is6aSoAe+orem2tAHvqK7pg54B76iv6Zq3Ae+osOS+rgHv
        qLHlg6cB76iy5YWNAe+os+WLiQHvqLTli6QB76i15Y2RAe+otuWWnQHvqLflmIYB76i45ZmoAe+oueWhgAHvqLrloqgB
        76i75bGkAe+ovOWxrgHvqL3mgpQB76i+5oWoAe+ov+aGjgHvqYDmh7IB76mB5pWPAe+pguaXogHvqYPmmpEB76mE5qKF
        Ae+phea1twHvqYbmuJoB76mH5ryiAe+piOeFrgHvqYnniKsB76mK55CiAe+pi+eikQHvqYznpL4B76mN56WJAe+pjuel
        iAHvqY/npZAB76mQ56WWAe+pkeelnQHvqZLnpo0B76mT56aOAe+plOepgAHvqZXnqoEB76mW56+AAe+pl+e3tAHvqZjn
        uIkB76mZ57mBAe+pmue9sgHvqZvogIUB76mc6IetAe+pneiJuQHvqZ7oibkB76mf6JGXAe+poOikkAHvqaHoppYB76mi
        6KyBAe+po+isuQHvqaTos5MB76ml6LSIAe+ppui+tgHvqafpgLgB76mo6ZujAe+pqemfvwHvqarpoLsB76mr5oG1Ae+p
        rPCki64B76mt6IiYAe+psOS4pgHvqbHlhrUB76my5YWoAe+ps+S+gAHvqbTlhYUB76m15YaAAe+ptuWLhwHvqbfli7oB
        76m45ZadAe+pueWVlQHvqbrllpkB76m75ZeiAe+pvOWhmgHvqb3lorMB76m+5aWEAe+pv+WllAHvqoDlqaIB76qB5ayo
        Ae+qguW7kgHvqoPlu5kB76qE5b2pAe+qheW+rQHvqobmg5gB76qH5oWOAe+qiOaEiAHvqonmho4B76qK5oWgAe+qi+aH
        sgHvqozmiLQB76qN5o+EAe+qjuaQnAHvqo/mkZIB76qQ5pWWAe+qkeaZtAHvqpLmnJcB76qT5pybAe+qlOadlgHvqpXm
        rbkB76qW5q66Ae+ql+a1gQHvqpjmu5sB76qZ5ruLAe+qmua8ogHvqpvngJ4B76qc54WuAe+qneeepwHvqp7niLUB76qf
        54qvAe+qoOeMqgHvqqHnkbEB76qi55SGAe+qo+eUuwHvqqTnmJ0B76ql55ifAe+qpuebigHvqqfnm5sB76qo55u0Ae+q
        qeedigHvqqrnnYAB76qr56OMAe+qrOeqsQHvqq3nr4AB76qu57G7Ae+qr+e1mwHvqrDnt7QB76qx57y+Ae+qsuiAhQHv
        qrPojZIB76q06I+vAe+qteiduQHvqrbopYEB76q36KaGAe+quOimlgHvqrnoqr8B76q66Ku4Ae+qu+iriwHvqrzorIEB
        76q96Ku+Ae+qvuirrQHvqr/orLkB76uA6K6KAe+rgei0iAHvq4LovLgB76uD6YGyAe+rhOmGmQHvq4XpibYB76uG6Zm8
        Ae+rh+mbowHvq4jpnZYB76uJ6Z+bAe+riumfvwHvq4vpoIsB76uM6aC7Ae+rjemskgHvq47pvpwB76uP8KKhigHvq5Dw
        oqGEAe+rkfCjj5UB76uS466dAe+rk+SAmAHvq5TkgLkB76uV8KWJiQHvq5bwpbOQAe+rl/Cnu5MB76uY6b2DAe+rmem+
        jgLvrJ3Xmda0Au+sn9ey1rcC76yq16nXgQLvrKvXqdeCA++srNep1rzXgQPvrK3Xqda814IC76yu15DWtwLvrK/XkNa4
        Au+ssNeQ1rwC76yx15HWvALvrLLXkta8Au+ss9eT1rwC76y015TWvALvrLXXlda8Au+stteW1rwC76y415jWvALvrLnX
        mda8Au+sutea1rwC76y715vWvALvrLzXnNa8Au+svtee1rwC762A16DWvALvrYHXoda8Au+tg9ej1rwC762E16TWvALv
        rYbXpta8Au+th9en1rwC762I16jWvALvrYnXqda8Au+titeq1rwC762L15XWuQLvrYzXkda/Au+tjdeb1r8C762O16TW
        v4LwkYKa8JGCmfCRgrqC8JGCnPCRgpvwkYK6gvCRgqvwkYKl8JGCuoLwkYSu8JGEsfCRhKeC8JGEr/CRhLLwkYSngvCR
        jYvwkY2H8JGMvoLwkY2M8JGNh/CRjZeC8JGSu/CRkrnwkZK6gvCRkrzwkZK58JGSsILwkZK+8JGSufCRkr2C8JGWuvCR
        lrjwkZavgvCRlrvwkZa58JGWrwLwnYWe8J2Fl/CdhaUC8J2Fn/CdhZjwnYWlA/CdhaDwnYWY8J2FpfCdha4D8J2FofCd
        hZjwnYWl8J2FrwPwnYWi8J2FmPCdhaXwnYWwA/CdhaPwnYWY8J2FpfCdhbED8J2FpPCdhZjwnYWl8J2FsgLwnYa78J2G
        ufCdhaUC8J2GvPCdhrrwnYWlA/Cdhr3wnYa58J2FpfCdha4D8J2GvvCdhrrwnYWl8J2FrgPwnYa/8J2GufCdhaXwnYWv
        A/Cdh4DwnYa68J2FpfCdha8B8K+ggOS4vQHwr6CB5Li4AfCvoILkuYEB8K+gg/CghKIB8K+ghOS9oAHwr6CF5L6uAfCv
        oIbkvrsB8K+gh+WAggHwr6CI5YG6AfCvoInlgpkB8K+giuWDpwHwr6CL5YOPAfCvoIzjkp4B8K+gjfCgmLoB8K+gjuWF
        jQHwr6CP5YWUAfCvoJDlhaQB8K+gkeWFtwHwr6CS8KCUnAHwr6CT45K5AfCvoJTlhacB8K+gleWGjQHwr6CW8KCViwHw
        r6CX5YaXAfCvoJjlhqQB8K+gmeS7jAHwr6Ca5YasAfCvoJvlhrUB8K+gnPCph58B8K+gneWHtQHwr6Ce5YiDAfCvoJ/j
        k58B8K+goOWIuwHwr6Ch5YmGAfCvoKLlibIB8K+go+WJtwHwr6Ck45SVAfCvoKXli4cB8K+gpuWLiQHwr6Cn5YukAfCv
        oKjli7oB8K+gqeWMhQHwr6Cq5YyGAfCvoKvljJcB8K+grOWNiQHwr6Ct5Y2RAfCvoK7ljZoB8K+gr+WNswHwr6Cw5Y29
        AfCvoLHljb8B8K+gsuWNvwHwr6Cz5Y2/AfCvoLTwoKisAfCvoLXngbAB8K+gtuWPigHwr6C35Y+fAfCvoLjwoK2jAfCv
        oLnlj6sB8K+guuWPsQHwr6C75ZCGAfCvoLzlkp4B8K+gveWQuAHwr6C+5ZGIAfCvoL/lkagB8K+hgOWSogHwr6GB5ZO2
        AfCvoYLllJAB8K+hg+WVkwHwr6GE5ZWjAfCvoYXlloQB8K+hhuWWhAHwr6GH5ZaZAfCvoYjllqsB8K+hieWWswHwr6GK
        5ZeCAfCvoYvlnJYB8K+hjOWYhgHwr6GN5ZyXAfCvoY7lmZEB8K+hj+WZtAHwr6GQ5YiHAfCvoZHlo64B8K+hkuWfjgHw
        r6GT5Z+0AfCvoZTloI0B8K+hleWeiwHwr6GW5aCyAfCvoZfloLEB8K+hmOWirAHwr6GZ8KGTpAHwr6Ga5aOyAfCvoZvl
        o7cB8K+hnOWkhgHwr6Gd5aSaAfCvoZ7lpKIB8K+hn+WlogHwr6Gg8KGaqAHwr6Gh8KGbqgHwr6Gi5aesAfCvoaPlqJsB
        8K+hpOWopwHwr6Gl5aeYAfCvoablqaYB8K+hp+ObrgHwr6Go45u8AfCvoanlrIgB8K+hquWsvgHwr6Gr5ay+AfCvoazw
        oaeIAfCvoa3lr4MB8K+hruWvmAHwr6Gv5a+nAfCvobDlr7MB8K+hsfChrJgB8K+hsuWvvwHwr6Gz5bCGAfCvobTlvZMB
        8K+hteWwogHwr6G2456BAfCvobflsaAB8K+huOWxrgHwr6G55bOAAfCvobrlso0B8K+hu/Cht6QB8K+hvOW1gwHwr6G9
        8KG3pgHwr6G+5bWuAfCvob/ltasB8K+igOW1vAHwr6KB5behAfCvooLlt6IB8K+ig+OgrwHwr6KE5be9AfCvooXluKgB
        8K+ihuW4vQHwr6KH5bmpAfCvoojjoaIB8K+iifCihoMB8K+iiuOhvAHwr6KL5bqwAfCvoozlurMB8K+ijeW6tgHwr6KO
        5buKAfCvoo/wqo6SAfCvopDlu74B8K+ikfCijLEB8K+ikvCijLEB8K+ik+iIgQHwr6KU5byiAfCvopXlvKIB8K+iluOj
        hwHwr6KX8KOKuAHwr6KY8KaHmgHwr6KZ5b2iAfCvoprlvasB8K+im+OjowHwr6Kc5b6aAfCvop3lv40B8K+inuW/lwHw
        r6Kf5b+5AfCvoqDmgoEB8K+ioeOkugHwr6Ki46ScAfCvoqPmgpQB8K+ipPCim5QB8K+ipeaDhwHwr6Km5oWIAfCvoqfm
        hYwB8K+iqOaFjgHwr6Kp5oWMAfCvoqrmhboB8K+iq+aGjgHwr6Ks5oayAfCvoq3mhqQB8K+iruaGrwHwr6Kv5oeeAfCv
        orDmh7IB8K+iseaHtgHwr6Ky5oiQAfCvorPmiJsB8K+itOaJnQHwr6K15oqxAfCvorbmi5QB8K+it+aNkAHwr6K48KKs
        jAHwr6K55oy9AfCvorrmi7wB8K+iu+aNqAHwr6K85o6DAfCvor3mj6QB8K+ivvCir7EB8K+iv+aQogHwr6OA5o+FAfCv
        o4HmjqkB8K+jguOorgHwr6OD5pGpAfCvo4Tmkb4B8K+jheaSnQHwr6OG5pG3AfCvo4fjqawB8K+jiOaVjwHwr6OJ5pWs
        AfCvo4rwo4CKAfCvo4vml6MB8K+jjOabuAHwr6ON5pmJAfCvo47jrJkB8K+jj+aakQHwr6OQ46yIAfCvo5Hjq6QB8K+j
        kuWGkgHwr6OT5YaVAfCvo5TmnIAB8K+jleaanAHwr6OW6IKtAfCvo5fkj5kB8K+jmOaclwHwr6OZ5pybAfCvo5rmnKEB
        8K+jm+adngHwr6Oc5p2TAfCvo53wo4+DAfCvo57jrYkB8K+jn+afugHwr6Og5p6FAfCvo6HmoZIB8K+jouaihQHwr6Oj
        8KORrQHwr6Ok5qKOAfCvo6XmoJ8B8K+jpuaklAHwr6On466dAfCvo6jmpYIB8K+jqeamowHwr6Oq5qeqAfCvo6vmqqgB
        8K+jrPCjmqMB8K+jrearmwHwr6Ou47CYAfCvo6/mrKEB8K+jsPCjoqcB8K+jseatlAHwr6Oy47GOAfCvo7PmrbIB8K+j
        tOaunwHwr6O15q66AfCvo7bmrrsB8K+jt/Cjqo0B8K+juPChtIsB8K+jufCjq7oB8K+juuaxjgHwr6O78KOyvAHwr6O8
        5rK/AfCvo73ms40B8K+jvuaxpwHwr6O/5rSWAfCvpIDmtL4B8K+kgea1twHwr6SC5rWBAfCvpIPmtakB8K+khOa1uAHw
        r6SF5raFAfCvpIbwo7SeAfCvpIfmtLQB8K+kiOa4rwHwr6SJ5rmuAfCvpIrjtLMB8K+ki+a7iwHwr6SM5ruHAfCvpI3w
        o7uRAfCvpI7mt7kB8K+kj+a9rgHwr6SQ8KO9ngHwr6SR8KO+jgHwr6SS5r+GAfCvpJPngLkB8K+klOeAngHwr6SV54Cb
        AfCvpJbjtpYB8K+kl+eBigHwr6SY54G9AfCvpJnngbcB8K+kmueCrQHwr6Sb8KCUpQHwr6Sc54WFAfCvpJ3wpImjAfCv
        pJ7nhpwB8K+kn/CkjqsB8K+koOeIqAHwr6Sh54i1AfCvpKLniZAB8K+ko/CkmIgB8K+kpOeKgAHwr6Sl54qVAfCvpKbw
        pJy1AfCvpKfwpKCUAfCvpKjnjboB8K+kqeeOiwHwr6Sq47qsAfCvpKvnjqUB8K+krOO6uAHwr6St47q4AfCvpK7nkYcB
        8K+kr+eRnAHwr6Sw55GxAfCvpLHnkoUB8K+ksueTigHwr6Sz47ybAfCvpLTnlKQB8K+ktfCksLYB8K+ktueUvgHwr6S3
        8KSykgHwr6S455WwAfCvpLnwooafAfCvpLrnmJAB8K+ku/CkvqEB8K+kvPCkvrgB8K+kvfClgYQB8K+kvuO/vAHwr6S/
        5ICIAfCvpYDnm7QB8K+lgfClg7MB8K+lgvClg7IB8K+lg/ClhJkB8K+lhPClhLMB8K+lheecngHwr6WG55yfAfCvpYfn
        nJ8B8K+liOedigHwr6WJ5IC5AfCvpYrnnosB8K+li+SBhgHwr6WM5IKWAfCvpY3wpZCdAfCvpY7noY4B8K+lj+eijAHw
        r6WQ56OMAfCvpZHkg6MB8K+lkvClmKYB8K+lk+ellgHwr6WU8KWamgHwr6WV8KWbhQHwr6WW56aPAfCvpZfnp6sB8K+l
        mOSErwHwr6WZ56mAAfCvpZrnqYoB8K+lm+epjwHwr6Wc8KWlvAHwr6Wd8KWqpwHwr6We8KWqpwHwr6Wf56uuAfCvpaDk
        iIIB8K+lofClrqsB8K+louevhgHwr6Wj56+JAfCvpaTkiKcB8K+lpfClsoAB8K+lpuezkgHwr6Wn5IqgAfCvpajns6gB
        8K+lqeezowHwr6Wq57SAAfCvpavwpb6GAfCvpazntaMB8K+lreSMgQHwr6Wu57eHAfCvpa/nuIIB8K+lsOe5hQHwr6Wx
        5Iy0AfCvpbLwpoioAfCvpbPwpomHAfCvpbTkjZkB8K+ltfCmi5kB8K+ltue9ugHwr6W38KaMvgHwr6W4576VAfCvpbnn
        v7oB8K+luuiAhQHwr6W78KaTmgHwr6W88KaUowHwr6W96IGgAfCvpb7wppaoAfCvpb/ogbAB8K+mgPCjjZ8B8K+mgeSP
        lQHwr6aC6IKyAfCvpoPohIMB8K+mhOSQiwHwr6aF6IS+AfCvpoblqrUB8K+mh/CmnqcB8K+miPCmnrUB8K+mifCjjpMB
        8K+mivCjjpwB8K+mi+iIgQHwr6aM6IiEAfCvpo3ovp4B8K+mjuSRqwHwr6aP6IqRAfCvppDoiosB8K+mkeiKnQHwr6aS
        5YqzAfCvppPoirEB8K+mlOiKswHwr6aV6Iq9AfCvppboi6YB8K+ml/CmrLwB8K+mmOiLpQHwr6aZ6IydAfCvpprojaMB
        8K+mm+iOrQHwr6ac6IyjAfCvpp3ojr0B8K+mnuiPpwHwr6af6JGXAfCvpqDojZMB8K+moeiPigHwr6ai6I+MAfCvpqPo
        j5wB8K+mpPCmsLYB8K+mpfCmtasB8K+mpvCms5UB8K+mp+SUqwHwr6ao6JOxAfCvpqnok7MB8K+mquiUlgHwr6ar8KeP
        igHwr6as6JWkAfCvpq3wprysAfCvpq7klZ0B8K+mr+SVoQHwr6aw8Ka+sQHwr6ax8KeDkgHwr6ay5JWrAfCvprPomZAB
        8K+mtOiZnAHwr6a16JmnAfCvprbomakB8K+mt+iaqQHwr6a46JqIAfCvprnonI4B8K+muuibogHwr6a76J25AfCvprzo
        nKgB8K+mveidqwHwr6a+6J6GAfCvpr/kl5cB8K+ngOifoQHwr6eB6KCBAfCvp4Lkl7kB8K+ng+ihoAHwr6eE6KGjAfCv
        p4Xwp5mnAfCvp4boo5cB8K+nh+ijngHwr6eI5Ji1AfCvp4noo7oB8K+niuOSuwHwr6eL8KeirgHwr6eM8KelpgHwr6eN
        5Jq+AfCvp47km4cB8K+nj+iqoAHwr6eQ6KutAfCvp5HorooB8K+nkuixlQHwr6eT8KeyqAHwr6eU6LKrAfCvp5Xos4EB
        8K+nlui0mwHwr6eX6LW3AfCvp5jwp7yvAfCvp5nwoKCEAfCvp5rot4sB8K+nm+i2vAHwr6ec6LewAfCvp53woKOeAfCv
        p57ou5QB8K+nn+i8uAHwr6eg8KiXkgHwr6eh8KiXrQHwr6ei6YKUAfCvp6Ppg7EB8K+npOmEkQHwr6el8KicrgHwr6em
        6YSbAfCvp6fpiLgB8K+nqOmLlwHwr6ep6YuYAfCvp6rpibwB8K+nq+mPuQHwr6es6ZCVAfCvp63wqK+6AfCvp67plosB
        8K+nr+SmlQHwr6ew6Za3AfCvp7HwqLW3AfCvp7Lkp6YB8K+ns+mbgwHwr6e05bayAfCvp7XpnKMB8K+ntvCphYUB8K+n
        t/CpiJoB8K+nuOSprgHwr6e55Km2AfCvp7rpn6AB8K+nu/CpkIoB8K+nvOSqsgHwr6e98KmSlgHwr6e+6aCLAfCvp7/p
        oIsB8K+ogOmgqQHwr6iB8KmWtgHwr6iC6aOiAfCvqIPkrLMB8K+ohOmkqQHwr6iF6aanAfCvqIbpp4IB8K+oh+mnvgHw
        r6iI5K+OAfCvqInwqaywAfCvqIrprJIB8K+oi+mxgAHwr6iM6bO9AfCvqI3ks44B8K+ojuSzrQHwr6iP6bWnAfCvqJDw
        qoOOAfCvqJHks7gB8K+okvCqhIUB8K+ok/CqiI4B8K+olPCqipEB8K+olem6uwHwr6iW5LWWAfCvqJfpu7kB8K+omOm7
        vgHwr6iZ6byFAfCvqJrpvI8B8K+om+m8lgHwr6ic6by7AfCvqJ3wqpiA
        """
}
