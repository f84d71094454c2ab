/// The subjects of MMMU in the order of the authors' scripts, and their domains.
///
/// Reference: MMMU-Benchmark/MMMU, `mmmu/utils/data_utils.py`.
enum MMMUSubjects {
    static let all = [
        "Accounting", "Agriculture", "Architecture_and_Engineering", "Art", "Art_Theory",
        "Basic_Medical_Science", "Biology", "Chemistry", "Clinical_Medicine", "Computer_Science",
        "Design", "Diagnostics_and_Laboratory_Medicine", "Economics", "Electronics",
        "Energy_and_Power", "Finance", "Geography", "History", "Literature", "Manage", "Marketing",
        "Materials", "Math", "Mechanical_Engineering", "Music", "Pharmacy", "Physics", "Psychology",
        "Public_Health", "Sociology",
    ]

    static let domains: [(name: String, subjects: [String])] = [
        ("Art and Design", ["Art", "Art_Theory", "Design", "Music"]),
        ("Business", ["Accounting", "Economics", "Finance", "Manage", "Marketing"]),
        ("Science", ["Biology", "Chemistry", "Geography", "Math", "Physics"]),
        (
            "Health and Medicine",
            [
                "Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine",
                "Pharmacy", "Public_Health",
            ]
        ),
        (
            "Humanities and Social Science",
            ["History", "Literature", "Sociology", "Psychology"]
        ),
        (
            "Tech and Engineering",
            [
                "Agriculture", "Architecture_and_Engineering", "Computer_Science", "Electronics",
                "Energy_and_Power", "Materials", "Mechanical_Engineering",
            ]
        ),
    ]

    static func domain(of subject: String) -> String {
        domains.first { $0.subjects.contains(subject) }?.name ?? ""
    }
}
