import MiphaFiles
import MiphaTestSupport
import Testing

struct SHA256DigestTests {
    // FIPS 180-2, appendix B, and the empty message of NIST's CAVP vectors.
    static let vectors: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test(arguments: vectors)
    func `bytes and files have the digests of the standard`(_ text: String, _ hex: String) throws {
        #expect(SHA256Digest(of: Array(text.utf8)).hex == hex)
        let folder = try TemporaryFolder()
        let path = try write(text, "f", in: folder)
        #expect(try SHA256Digest(contentsOf: path).description == hex)
    }

    @Test func `a file of several windows is hashed whole`() throws {
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let folder = try TemporaryFolder()
        let path = try write(bytes, "f", in: folder)
        #expect(try SHA256Digest(contentsOf: path) == SHA256Digest(of: bytes))
    }

    @Test func `digits are read in both cases and nothing else is`() {
        let digest = SHA256Digest(of: [1, 2, 3])
        #expect(SHA256Digest(hex: digest.hex) == digest)
        #expect(SHA256Digest(hex: digest.hex.uppercased()) == digest)
        #expect(SHA256Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(SHA256Digest(hex: digest.hex + "0") == nil)
        #expect(SHA256Digest(hex: "g" + digest.hex.dropFirst()) == nil)
    }

    @Test func `a missing file is named`() {
        let error = fileError { _ = try SHA256Digest(contentsOf: "/nonexistent/f") }
        #expect(error.code == .missing)
        #expect(error.message == "cannot open /nonexistent/f: no such file")
    }
}
