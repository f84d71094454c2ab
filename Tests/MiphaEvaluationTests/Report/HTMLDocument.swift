import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What an XML parser finds in a page; the parser is the judge of well-formedness.
final class HTMLDocument: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
        var text = ""
    }

    private(set) var elements: [Element] = []
    private(set) var failure: String?
    private var open: [Int] = []

    init(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        if !parser.parse() {
            failure = "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "?")"
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: elementName, attributes: attributes))
    }

    func parser(
        _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        for place in open { elements[place].text += string }
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    func all(kind: String) -> [Element] {
        elements.filter {
            $0.attributes["class"]?.split(separator: " ").contains("\(kind)") == true
        }
    }
}
