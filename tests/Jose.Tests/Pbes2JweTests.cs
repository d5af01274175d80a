using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose.Encryption;
using IoTPlatform.Jose.Json;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class Pbes2JweTests
{
    private const int Rounds = 1000;
    private const string Password = "correct horse battery staple";

    /// <summary>Made before the library did it: keys that databases hold stay readable.</summary>
    [Fact]
    public void Decrypt_MadeByAnEarlierVersion_IsRead()
        => Pbes2Jwe.Decrypt(
            "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjdHkiOiJqd2sranNvbiIsImVuYyI6IkEyNTZHQ00iLCJwMmMiOjEwMDAsInAycyI6ImdPaUNSQV9iMUxONXl3Uks5MHd5V3cifQ"
            + ".nPN_dGQodgA_L12NIoeLNeK00ZUwp8cRKwYzVCdHqu1K_-Q7xvH9Eg.2tN8GLHEBD7nuGMt.e6Q.m8w62Q5oaRxViE-AOaItag", "pass word\u00e9").ShouldBe("{}"u8.ToArray());

    [Fact]
    public void Unwrap_Rfc7517AppendixC_IsThePrintedKey()
    {
        var header = new Dictionary<string, object> { ["alg"] = "PBES2-HS256+A128KW", ["p2s"] = "2WCTcJZ1Rvd_CJuJripQ1w", ["p2c"] = 4096L };
        var wrapped = StrictBase64Url.Decode("TrqXOwuNUfDV9VPTNbyGvEJ9JMjefAVn-TR1uIxR9p6hsRQh9Tk7BA", "key");
        new Pbes2KeyManagement().Unwrap(wrapped, "Thus from my lips, by yours, my sin is purged."u8.ToArray(), 256, header)
            .ShouldBe([111, 27, 25, 52, 66, 29, 20, 78, 92, 176, 56, 240, 65, 208, 82, 112, 161, 131, 36, 55, 202, 236, 185, 172, 129, 23, 153, 194, 195, 48, 253, 182]);
    }

    [Fact]
    public void Encrypt_Default_HasTheHeaderStepWrites()
    {
        var header = StrictJson.ParseDetached(StrictBase64Url.Decode(Pbes2Jwe.Encrypt("{}"u8, Password).Split('.')[0], "header"), "header");
        header.EnumerateObject().Select(member => member.Name).ShouldBe(["alg", "cty", "enc", "p2c", "p2s"], ignoreOrder: true);
        header.GetProperty("alg").GetString().ShouldBe("PBES2-HS256+A128KW");
        header.GetProperty("cty").GetString().ShouldBe("jwk+json");
        header.GetProperty("enc").GetString().ShouldBe("A256GCM");
        header.GetProperty("p2c").GetInt32().ShouldBe(600_000);
        StrictBase64Url.Decode(header.GetProperty("p2s").GetString(), "salt").Length.ShouldBe(16);
    }

    [Fact]
    public void Decrypt_OfEncrypted_IsThePlaintext()
        => RepeatableProperty.Holds<byte[], string>((plaintext, password) => password is null || password.Any(char.IsSurrogate)
            || Pbes2Jwe.Decrypt(Pbes2Jwe.Encrypt(plaintext, password, iterations: Rounds), password).AsSpan().SequenceEqual(plaintext), 50);

    [Fact]
    public void Encrypt_Twice_SharesNothing()
    {
        var first = Pbes2Jwe.Encrypt("x"u8, Password, iterations: Rounds).Split('.');
        var second = Pbes2Jwe.Encrypt("x"u8, Password, iterations: Rounds).Split('.');
        first.Zip(second).ShouldAllBe(pair => pair.First != pair.Second);
    }

    [Theory]
    [InlineData("correct horse battery stapl")]
    [InlineData("correct horse battery staple ")]
    [InlineData("")]
    [InlineData("Correct horse battery staple")]
    public void Decrypt_WrongPassword_Fails(string password)
    {
        var jwe = Pbes2Jwe.Encrypt("secret plaintext"u8, Password, iterations: Rounds);
        var refusal = Refused.With(JoseError.DecryptionFailed, () => Pbes2Jwe.Decrypt(jwe, password));
        refusal.ToString().ShouldNotContain("staple");
    }

    [Fact]
    public void Decrypt_AnyBitOfAnyPartChanged_IsRefused()
    {
        var parts = Pbes2Jwe.Encrypt("secret plaintext"u8, Password, iterations: Rounds).Split('.');
        for (var part = 0; part < parts.Length; part++)
        {
            var bytes = StrictBase64Url.Decode(parts[part], "part");
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                var changed = string.Join('.', parts[..part].Append(StrictBase64Url.Encode(bytes)).Concat(parts[(part + 1)..]));
                Should.Throw<JoseException>(() => Pbes2Jwe.Decrypt(changed, Password, Rounds));
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("....")]
    [InlineData("{0}.{1}.{2}.{3}")]
    [InlineData("{0}.{1}.{2}.{3}.{4}.{4}")]
    [InlineData("{0}.{1}.{2}.{3}.{4}=")]
    [InlineData("{0}.{1}.{2}.{3}.")]
    [InlineData("{0}..{2}.{3}.{4}")]
    [InlineData("{0}.{1}.AAAA.{3}.{4}")]
    [InlineData("{0}.{1}.{2}.{3}.AAAA")]
    [InlineData("{0}.{1}.{2}.{3}.{4}\n")]
    public void Decrypt_BadForm_IsMalformed(string format)
    {
        var parts = Pbes2Jwe.Encrypt("x"u8, Password, iterations: Rounds).Split('.');
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, parts), Password));
    }

    [Theory]
    [InlineData("""{"alg":"dir","enc":"A256GCM","p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.AlgorithmNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.AlgorithmNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.AlgorithmNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2000001,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483648,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1e9,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":999,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":0,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":-1,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":"1000","p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.KeyNotAllowed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1000,"p2s":"AAAAAAAAAA"}""", JoseError.Malformed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1000}""", JoseError.Malformed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1000,"p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.Malformed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","zip":"DEF","p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.Malformed)]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","crit":["x"],"p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.Malformed)]
    [InlineData("""{"enc":"A256GCM","p2c":1000,"p2s":"AAAAAAAAAAAAAAAA"}""", JoseError.Malformed)]
    public void Decrypt_HeaderWeDoNotWant_IsRefusedBeforeAnyWork(string header, JoseError error)
        => Refused.With(error, () => Pbes2Jwe.Decrypt($"{Tokens.Encode(header)}.AAAA.AAAA.AAAA.AAAA", Password));

    [Fact]
    public void Decrypt_MoreRoundsThanTheCallerAllows_IsRefused()
    {
        var jwe = Pbes2Jwe.Encrypt("x"u8, Password, iterations: 2000);
        Pbes2Jwe.Decrypt(jwe, Password, maxIterations: 2000).ShouldBe("x"u8.ToArray());
        Refused.With(JoseError.KeyNotAllowed, () => Pbes2Jwe.Decrypt(jwe, Password, maxIterations: 1999));
    }

    [Fact]
    public void Decrypt_Oversize_IsMalformed()
        => Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(new string('.', 100_000), Password));

    [Fact]
    public void Decrypt_FlattenedJson_Rfc7516Section7_2_2()
    {
        var parts = Pbes2Jwe.Encrypt("x"u8, Password, iterations: Rounds).Split('.');
        string Json(string more = "") => $$"""{"tag":"{{parts[4]}}","protected":"{{parts[0]}}","encrypted_key":"{{parts[1]}}","iv":"{{parts[2]}}","ciphertext":"{{parts[3]}}"{{more}}}""";
        Pbes2Jwe.Decrypt(Json(), Password).ShouldBe("x"u8.ToArray());
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(Json(",\"aad\":\"AAAA\""), Password));
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(Json(",\"unprotected\":{\"p2c\":1}"), Password));
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(Json(",\"recipients\":[]"), Password));
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(Json($",\"tag\":\"{parts[4]}\""), Password));
        Refused.With(JoseError.Malformed, () => Pbes2Jwe.Decrypt(Json().Replace("\"tag\":\"" + parts[4] + "\",", ""), Password));
    }

    [Fact]
    public void Decrypt_PrivateJwk_RoundTripsAsProvisionerKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwe = Pbes2Jwe.Encrypt(Encoding.UTF8.GetBytes(JsonWebKey.FromPrivateKey(key).ToJson(includePrivate: true)), Password, iterations: Rounds);
        using var back = JsonWebKey.Parse(Pbes2Jwe.Decrypt(jwe, Password)).ToECDsa();
        back.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
    }
}
