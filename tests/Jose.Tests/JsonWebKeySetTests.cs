using System.Text;

namespace IoTPlatform.Jose.Tests;

/// <summary>RFC 7517 section 5.</summary>
public sealed class JsonWebKeySetTests
{
    private const string Ec = """{"kid":"ec","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""";

    [Fact]
    public void Parse_KeysOfEveryKind_KeepsThePublicSignatureKeysWithAnId()
    {
        var set = Parse(
            Ec, RfcKeys.ThumbprintKey, RfcKeys.Ed25519Private, RfcKeys.Rsa, RfcKeys.EcPrivate,
            Ec.Replace("\"ec\"", "\"encrypts\",\"use\":\"enc\"", StringComparison.Ordinal),
            Ec.Replace("\"ec\"", "\"signs\",\"use\":\"sig\"", StringComparison.Ordinal),
            RfcKeys.EcPrivate.Replace("{", "{\"kid\":\"private\",", StringComparison.Ordinal),
            """{"kid":"secret","kty":"oct","k":"AAAA"}""", """{"kid":"future","kty":"ML-DSA"}""", """{"kid":"weak","kty":"RSA","n":"AQAB","e":"AQAB"}""",
            """{"kid":7}""", "\"text\"", "null");

        set.Keys.Select(key => key.KeyId).ShouldBe(["ec", "2011-04-29", "signs"], ignoreOrder: true);
        set.Find("ec")!.Kty.ShouldBe("EC");
        set.Find("2011-04-29")!.Alg.ShouldBe("RS256");
        set.Find("encrypts").ShouldBeNull();
    }

    [Fact]
    public void Parse_TwoKeysWithOneId_KeepsNeither()
    {
        var set = Parse(Ec, RfcKeys.ThumbprintKey.Replace("2011-04-29", "ec", StringComparison.Ordinal));

        set.Keys.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html></html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    public void Parse_NoKeySet_Refused(string json)
        => Should.Throw<JoseException>(() => JsonWebKeySet.Parse(Encoding.UTF8.GetBytes(json))).Error.ShouldBe(JoseError.Malformed);

    [Fact]
    public void Parse_MoreThanAHundredKeys_Refused()
        => Should.Throw<JoseException>(() => Parse([.. Enumerable.Repeat(Ec, 101)])).Error.ShouldBe(JoseError.Malformed);

    private static JsonWebKeySet Parse(params string[] keys)
        => JsonWebKeySet.Parse(Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}"""));
}
