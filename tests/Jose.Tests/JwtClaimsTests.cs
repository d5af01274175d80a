using System.Text;
using System.Text.Json;

namespace IoTPlatform.Jose.Tests;

public sealed class JwtClaimsTests
{
    [Fact]
    public void Parse_StepToken_ReadsEveryClaim()
    {
        var claims = Parse("""{"aud":"https://ca:9000/1.0/sign","exp":1700000300,"iat":1700000000,"iss":"iot-bridge","jti":"j1","nbf":1700000000,"sans":["a","b"],"sha":"ff","sub":"s1","step":{"ssh":{}}}""");
        claims.Issuer.ShouldBe("iot-bridge");
        claims.Subject.ShouldBe("s1");
        claims.JwtId.ShouldBe("j1");
        claims.Audience.ShouldBe(["https://ca:9000/1.0/sign"]);
        claims.Expires.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1700000300));
        claims.NotBefore.ShouldBe(claims.IssuedAt);
        claims.GetStrings("sans").ShouldBe(["a", "b"]);
        claims.GetString("sha").ShouldBe("ff");
        claims["step"]!.Value.ValueKind.ShouldBe(JsonValueKind.Object);
        claims["none"].ShouldBeNull();
        claims.GetString("none").ShouldBeNull();
        claims.GetStrings("none").ShouldBeNull();
    }

    [Fact]
    public void Parse_Empty_HasNothing()
    {
        var claims = Parse("{}");
        claims.Issuer.ShouldBeNull();
        claims.Audience.ShouldBeEmpty();
        claims.Expires.ShouldBeNull();
    }

    [Theory]
    [InlineData("""["a","b"]""", new[] { "a", "b" })]
    [InlineData("\"a\"", new[] { "a" })]
    [InlineData("[]", new string[0])]
    public void Audience_OneOrMany_Rfc7519Section4_1_3(string json, string[] expected)
        => Parse($$"""{"aud":{{json}}}""").Audience.ShouldBe(expected);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1700000000.5", 1700000000.5)]
    [InlineData("1.7e9", 1700000000)]
    [InlineData("253402300799", 253402300799)]
    public void Parse_NumericDate_IsRead(string number, double seconds)
        => Parse($$"""{"exp":{{number}}}""").Expires.ShouldBe(DateTimeOffset.UnixEpoch.AddSeconds(seconds));

    [Theory]
    [InlineData("""{"exp":-1}""")]
    [InlineData("""{"exp":253402300800}""")]
    [InlineData("""{"exp":1e400}""")]
    [InlineData("""{"exp":99999999999999999999999999}""")]
    [InlineData("""{"nbf":"1700000000"}""")]
    [InlineData("""{"iat":true}""")]
    [InlineData("""{"exp":1,"exp":9999999999}""")]
    [InlineData("""{"sub":"a","s\u0075b":"b"}""")]
    [InlineData("""{"sub":1}""")]
    [InlineData("""{"jti":["a"]}""")]
    [InlineData("""{"aud":1}""")]
    [InlineData("""{"aud":["a",1]}""")]
    [InlineData("""{"sub":"a"}x""")]
    [InlineData("""{"sub":"a"}{"sub":"b"}""")]
    [InlineData("""{"sub":"\ud800"}""")]
    [InlineData("""[]""")]
    [InlineData("")]
    public void Parse_BadClaims_IsMalformed(string json) => Refused.With(JoseError.Malformed, () => Parse(json));

    [Fact]
    public void Parse_NullClaims_AreAbsent()
    {
        var claims = Parse("""{"iss":null,"sub":null,"aud":null,"exp":null,"nbf":null,"iat":null,"jti":null,"sans":null}""");

        (claims.Issuer, claims.Subject, claims.Expires, claims.NotBefore, claims.IssuedAt, claims.JwtId).ShouldBe((null, null, null, null, null, null));
        claims.Audience.ShouldBeEmpty();
        claims.GetStrings("sans").ShouldBeNull();
        claims["exp"].ShouldBeNull();
        Refused.With(JoseError.MissingClaim, () => new JwtPolicy().Check(claims, DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public void GetString_OfAnotherType_IsMalformed()
    {
        var claims = Parse("""{"a":1,"b":["x",null],"c":"x"}""");
        Refused.With(JoseError.Malformed, () => claims.GetString("a"));
        Refused.With(JoseError.Malformed, () => claims.GetStrings("b"));
        Refused.With(JoseError.Malformed, () => claims.GetStrings("c"));
    }

    private static JwtClaims Parse(string json) => JwtClaims.Parse(Encoding.UTF8.GetBytes(json));
}
