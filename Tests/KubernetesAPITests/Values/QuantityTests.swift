import JSON
import KubernetesAPI
import Testing

@Suite struct QuantityTests {
    /// Text, amount in billionths, canonical text.
    @Test(
        arguments: [
            ("0", 0, "0"), ("00", 0, "0"), ("-0", 0, "0"), ("0Ki", 0, "0"), ("0n", 0, "0"), (".", 0, "0"), ("+", 0, "0"),
            ("1", 1_000_000_000, "1"), ("+1", 1_000_000_000, "1"), ("-1", -1_000_000_000, "-1"), ("1.", 1_000_000_000, "1"),
            (".5", 500_000_000, "500m"),
            ("0.5", 500_000_000, "500m"), ("1.5", 1_500_000_000, "1500m"), ("1.500", 1_500_000_000, "1500m"), ("1000m", 1_000_000_000, "1"),
            ("100m", 100_000_000, "100m"), ("9.01", 9_010_000_000, "9010m"), ("-9.01", -9_010_000_000, "-9010m"), ("5n", 5, "5n"), ("4u", 4000, "4u"),
            ("1000u", 1_000_000, "1m"), ("1080000000n", 1_080_000_000, "1080m"), ("50k", 50_000_000_000_000, "50k"),
            ("1000M", 1_000_000_000_000_000_000, "1G"),
            ("100.035k", 100_035_000_000_000, "100035"), ("0.0005k", 500_000_000, "500m"), ("0.001T", 1_000_000_000_000_000_000, "1G"),
            ("12E", 12_000_000_000_000_000_000_000_000_000, "12E"), ("1000E", 1_000_000_000_000_000_000_000_000_000_000, "1000E"),
            ("1Ki", 1_024_000_000_000, "1Ki"), ("1024Mi", 1_073_741_824_000_000_000, "1Gi"), ("1500Mi", 1_572_864_000_000_000_000, "1500Mi"),
            ("1025Ki", 1_049_600_000_000_000, "1025Ki"), ("-2Gi", -2_147_483_648_000_000_000, "-2Gi"), ("0.5Gi", 536_870_912_000_000_000, "512Mi"),
            ("0.5Ki", 512_000_000_000, "512"), ("1.5Ki", 1_536_000_000_000, "1536"), ("100.035Ki", 102_435_840_000_000, "102435840m"),
            (".001Ki", 1_024_000_000, "1024m"), (".000000000001Ki", 2, "2n"), ("3Ei", 3_458_764_513_820_540_928_000_000_000, "3Ei"),
            ("1e3", 1_000_000_000_000, "1e3"), ("1E6", 1_000_000_000_000_000, "1e6"), ("1e-3", 1_000_000, "1e-3"), ("1e0", 1_000_000_000, "1"),
            ("1E+2", 100_000_000_000, "100"), ("1.2e3", 1_200_000_000_000, "1200"), (".001e12", 1_000_000_000_000_000_000, "1e9"),
            ("1000e-12", 1, "1e-9"),
            ("0.5e-1", 50_000_000, "50e-3"), ("1.40e9", 1_400_000_000_000_000_000, "1400e6"),
            ("1e21", 1_000_000_000_000_000_000_000_000_000_000, "1e21"),
            // Digits below a billionth round away from zero.
            ("3.001n", 4, "4n"), ("-3.001n", -4, "-4n"), ("0.0000000001", 1, "1n"), ("1e-99", 1, "1e-9"), ("1e-2000000000", 1, "1e-9"),
            ("0.9n", 1, "1n"),
            ("1.0000000000000000000000000000000000000000000000000000000000000001", 1_000_000_001, "1000000001n"), ("0e99", 0, "0"),
            // Caps.
            ("9Ei", 9_223_372_036_854_775_807_000_000_000, "9223372036854775807"),
            ("-9Ei", -9_223_372_036_854_775_807_000_000_000, "-9223372036854775807"),
            ("9223372036854775807Ki", 9_223_372_036_854_775_807_000_000_000, "9223372036854775807"),
            ("1e999999999999", 10_000_000_000_000_000_000_000_000_000_000_000_000, "10e27"),
            ("99999999999999999999999999999999999999999999", 10_000_000_000_000_000_000_000_000_000_000_000_000, "10000000000E"),
            // As upstream, a suffix alone is zero of its kind.
            ("Ki", 0, "0"), ("m", 0, "0"),
        ] as [(String, Int128, String)])
    func parses(_ text: String, _ nanos: Int128, _ canonical: String) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.nanos == nanos)
        #expect(quantity.description == canonical)
        #expect(try Quantity(parsing: canonical).nanos == nanos)
        #expect(try Quantity(parsing: canonical).description == canonical)
    }

    @Test(
        arguments: [
            ("", QuantityError.format), ("1.1.M", .format), ("1+1.0M", .format), ("0.1mi", .suffix), ("0.1am", .format), ("aoeu", .format),
            (".5i", .suffix),
            ("1i", .suffix), ("-3.01i", .suffix), ("-3.01e-", .suffix), (" 1", .format), ("1 ", .format), ("1e", .suffix), ("1K", .suffix),
            ("1MiB", .format),
            ("1e3.5", .format), ("--1", .suffix), ("1_000", .format), ("1kk", .suffix), ("0x10", .format), ("1e1e1", .format), ("٣", .format),
            ("1m-3", .suffix),
        ] as [(String, QuantityError)])
    func refuses(_ text: String, _ error: QuantityError) {
        #expect(throws: error) { try Quantity(parsing: text) }
        #expect(Quantity(text) == nil)
    }

    @Test(
        arguments: [
            ("1", 1, 1000), ("1m", 1, 1), ("-1m", -1, -1), ("1500m", 2, 1500), ("-1500m", -2, -1500), ("1n", 1, 1),
            ("2Gi", 2_147_483_648, 2_147_483_648_000),
            ("0", 0, 0), ("100E", .max, .max), ("-100E", .min, .min), ("9223372036854775807", .max, .max),
        ] as [(String, Int64, Int64)])
    func values(_ text: String, _ value: Int64, _ milli: Int64) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.value == value)
        #expect(quantity.milliValue == milli)
    }

    @Test func arithmetic() throws {
        func q(_ text: String) throws -> Quantity { try Quantity(parsing: text) }
        #expect(try (q("1Gi") + q("512Mi")).description == "1536Mi")
        #expect(try (q("0") + q("1Gi")).description == "1Gi")
        #expect(try (q("100m") + q("0")).description == "100m")
        #expect(try (q("0") - q("1Gi")).description == "-1Gi")
        #expect(try (q("1") - q("1500m")).description == "-500m")
        #expect(try (q("1Gi") + q("100m")).description == "1073741824100m")
        #expect(try (q("250m") * 4).description == "1")
        #expect(try (-q("2Ki")).description == "-2Ki")
        #expect(try q("100m") > q("50m"))
        #expect(try q("10000T") > q("100Gi"))
        #expect(try q("1000m") == q("1"))
        #expect(try q("1e3") == q("1k"))
        #expect(try q("1.0005").roundedUpToMilli.description == "1001m")
        #expect(try q("-1.0005").roundedUpToMilli.description == "-1001m")
        let most = try q("1e28")
        #expect(most.addingReportingOverflow(most).overflow)
        #expect(most + most == most)
        #expect(most * Int64.max == most)
        #expect(most * Int64.min == -most)
        #expect(try !q("1").addingReportingOverflow(q("2")).overflow)
        #expect(Quantity(milli: 1500).description == "1500m")
        #expect(Quantity(1 << 20, format: .binarySI).description == "1Mi")
        #expect(Quantity(.min).description == "-9223372036854775808")
    }

    @Test func json() throws {
        for (text, canonical) in [("\"1000m\"", "1"), ("1", "1"), ("1.5", "1500m"), ("1e3", "1e3"), ("-2", "-2"), ("\" 1Gi \"", "1Gi")] {
            #expect(try Quantity(jsonBytes: Array(text.utf8)).jsonBytes() == Array("\"\(canonical)\"".utf8))
        }
        let error = #expect(throws: JSONError.self) { try Quantity(jsonBytes: Array("\"1x\"".utf8)) }
        #expect(error?.message == QuantityError.format.description)
        #expect(throws: JSONError.self) { try Quantity(jsonBytes: Array("true".utf8)) }
    }
}
