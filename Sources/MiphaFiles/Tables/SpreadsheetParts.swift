/// The files that a workbook consists of.
enum SpreadsheetParts {
    private static let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    private static let package = "http://schemas.openxmlformats.org/package/2006"
    private static let office =
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    private static let content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    private static let packageContent = "application/vnd.openxmlformats-package"

    static func parts(
        sheet: String, data: String, table: String, count: Int, unique: Int
    ) -> [(name: String, text: String)] {
        [
            ("[Content_Types].xml", head + types),
            ("_rels/.rels", head + relationships([("officeDocument", "xl/workbook.xml")])),
            (
                "xl/workbook.xml",
                head + "<workbook xmlns=\"\(main)\" xmlns:r=\"\(office)\"><sheets>"
                    + "<sheet name=\"\(sheet)\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
            (
                "xl/_rels/workbook.xml.rels",
                head
                    + relationships([
                        ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"),
                        ("sharedStrings", "sharedStrings.xml"),
                    ])
            ),
            (
                "xl/worksheets/sheet1.xml",
                head + "<worksheet xmlns=\"\(main)\"><sheetData>\(data)</sheetData></worksheet>"
            ),
            ("xl/styles.xml", head + styles),
            (
                "xl/sharedStrings.xml",
                head + "<sst xmlns=\"\(main)\" count=\"\(count)\" uniqueCount=\"\(unique)\">"
                    + "\(table)</sst>"
            ),
        ]
    }

    private static func relationships(_ targets: [(kind: String, target: String)]) -> String {
        var text = "<Relationships xmlns=\"\(package)/relationships\">"
        for (index, item) in targets.enumerated() {
            text += "<Relationship Id=\"rId\(index + 1)\" Type=\"\(office)/\(item.kind)\" "
            text += "Target=\"\(item.target)\"/>"
        }
        return text + "</Relationships>"
    }

    private static var types: String {
        let parts = [
            ("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles"),
            ("sharedStrings", "sharedStrings"),
        ]
        var text = "<Types xmlns=\"\(package)/content-types\">"
        text += "<Default Extension=\"rels\" "
        text += "ContentType=\"\(packageContent).relationships+xml\"/>"
        text += "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
        for (part, kind) in parts {
            text += "<Override PartName=\"/xl/\(part).xml\" "
            text += "ContentType=\"\(content).\(kind)+xml\"/>"
        }
        return text + "</Types>"
    }

    /// The least set of styles that every program accepts.
    private static var styles: String {
        "<styleSheet xmlns=\"\(main)\"><fonts count=\"1\"><font><sz val=\"11\"/>"
            + "<name val=\"Calibri\"/></font></fonts><fills count=\"2\"><fill>"
            + "<patternFill patternType=\"none\"/></fill><fill>"
            + "<patternFill patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border>"
            + "<left/><right/><top/><bottom/><diagonal/></border></borders>"
            + "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" "
            + "borderId=\"0\"/></cellStyleXfs><cellXfs count=\"1\"><xf numFmtId=\"0\" "
            + "fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/></cellXfs>"
            + "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/>"
            + "</cellStyles></styleSheet>"
    }
}
