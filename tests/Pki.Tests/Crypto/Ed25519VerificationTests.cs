using System.Formats.Asn1;
using System.Numerics;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Tests.Crypto;

/// <summary>RFC 8032 7.1, and the ways to forge or vary a signature that project Wycheproof lists.</summary>
public sealed class Ed25519VerificationTests
{
    private const string Key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    private const string Message = "72";
    private const string Signature =
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    private const string Zero = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly BigInteger GroupOrder = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);

    [Theory]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(Key, Message, Signature)]
    [InlineData("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Verify_Rfc8032Section71_IsTrue(string key, string message, string signature) => Verify(key, message, signature).ShouldBeTrue();

    [Fact]
    public void Verify_OtherMessageOrSignature_IsFalse()
    {
        Verify(Key, "73", Signature).ShouldBeFalse();
        Verify(Key, "", Signature).ShouldBeFalse();
        for (var octet = 0; octet < 64; octet++)
        {
            var flipped = Convert.FromHexString(Signature);
            flipped[octet] ^= 1;
            Verify(Key, Message, Convert.ToHexString(flipped)).ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("92")]
    [InlineData(Zero)]
    [InlineData(Signature + "00")]
    [InlineData(Signature + Signature)]
    public void Verify_SignatureNotOf64Octets_IsFalse(string signature) => Verify(Key, Message, signature).ShouldBeFalse();

    /// <summary>RFC 8032 5.1.7: S is below the group order, or one signature could be written in two ways.</summary>
    [Fact]
    public void Verify_ScalarPlusGroupOrder_IsFalse()
    {
        var signature = Convert.FromHexString(Signature);
        var scalar = new BigInteger(signature.AsSpan(32), isUnsigned: true) + GroupOrder;
        scalar.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true).ShouldBeTrue();

        Verify(Key, Message, Convert.ToHexString(signature)).ShouldBeFalse();
    }

    /// <summary>With R the neutral point and S zero, a key of order 1 would verify every message and one of order 8 every eighth.</summary>
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")] // -0
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData(Zero)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // p, which is 0
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // p + 1, the neutral point
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    public void Verify_KeyOfSmallOrder_IsFalse(string key)
    {
        var forged = "01" + Zero[2..] + Zero;

        Enumerable.Range(0, 64).ShouldAllBe(message => !Verify(key, message.ToString("x2", null), forged));
    }

    /// <summary>RFC 8032 5.1.3: y is below p, and x has a square root.</summary>
    [Theory]
    [InlineData("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // p + 3
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000")] // on no point
    public void Verify_KeyThatIsNoPoint_IsFalse(string key) => Verify(key, Message, Signature).ShouldBeFalse();

    /// <summary>RFC 8032 5.1.7 decodes R as it does a key: an R that is not reduced is another spelling.</summary>
    [Fact]
    public void Verify_NonCanonicalR_IsFalse() =>
        Verify(Key, Message, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" + Signature[64..]).ShouldBeFalse();

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Parse_KeyNotOf32Octets_IsRefused(int length) => Should.Throw<AsnContentException>(() => PublicKeyInfo.Parse(Spki(new byte[length])));

    private static bool Verify(string key, string message, string signature) =>
        SignatureVerifier.Verify(SignatureAlgorithm.Ed25519, PublicKeyInfo.Parse(Spki(Convert.FromHexString(key))), Convert.FromHexString(message), Convert.FromHexString(signature));

    /// <summary>RFC 8410 section 4.</summary>
    private static byte[] Spki(byte[] key) =>
        [0x30, (byte)(key.Length + 10), 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, (byte)(key.Length + 1), 0x00, .. key];
}
