using System.Text;

namespace IoTPlatform.Jose.Tests;

public sealed class JwtPolicyTests
{
    private const long Now = 1_800_000_000;

    private static readonly JwtPolicy Policy = new()
    {
        Issuer = "iot-bridge",
        Audiences = ["https://ca/1.0/sign", "https://ca/sign"],
        MaxLifetime = TimeSpan.FromMinutes(10),
        RequiredClaims = ["exp", "iat", "nbf", "jti", "sub"],
    };

    [Fact]
    public void Check_GoodToken_Passes() => Check(Claims());

    [Theory]
    [InlineData("exp")]
    [InlineData("iat")]
    [InlineData("nbf")]
    [InlineData("jti")]
    [InlineData("sub")]
    public void Check_WithoutARequiredClaim_IsMissing(string claim)
        => Refused.With(JoseError.MissingClaim, () => Check(Claims().Replace($"\"{claim}\":", $"\"x{claim}\":")))
            .Message.ShouldContain(claim);

    [Theory]
    [InlineData("jti")]
    [InlineData("sub")]
    public void Check_EmptyRequiredClaim_IsMissing(string claim)
        => Refused.With(JoseError.MissingClaim, () => Check(Claims().Replace($"\"{claim}\":\"x\"", $"\"{claim}\":\"\"")));

    [Theory]
    [InlineData("Iot-Bridge")]
    [InlineData("")]
    [InlineData("iot-bridge ")]
    public void Check_OtherIssuer_IsRefused(string issuer)
        => Refused.With(JoseError.BadIssuer, () => Check(Claims().Replace("iot-bridge", issuer)));

    [Theory]
    [InlineData("\"https://ca/1.0/revoke\"")]
    [InlineData("\"https://ca/1.0/sign/\"")]
    [InlineData("\"HTTPS://CA/1.0/SIGN\"")]
    [InlineData("[]")]
    [InlineData("[\"x\"]")]
    public void Check_OtherAudience_IsRefused(string audience)
        => Refused.With(JoseError.BadAudience, () => Check(Claims().Replace("\"https://ca/1.0/sign\"", audience)));

    [Fact]
    public void Check_NoAudience_IsRefused()
        => Refused.With(JoseError.BadAudience, () => Check(Claims().Replace("\"aud\"", "\"x\"")));

    [Fact]
    public void Check_OneOfSeveralAudiences_Passes()
        => Check(Claims().Replace("\"https://ca/1.0/sign\"", "[\"x\",\"https://ca/sign\"]"));

    [Fact]
    public void Check_AudienceMatches_IsAsked()
    {
        var policy = Policy with { Audiences = [], AudienceMatches = audience => audience.EndsWith("/sign", StringComparison.Ordinal) };
        Check(Claims(), policy: policy);
        Refused.With(JoseError.BadAudience, () => Check(Claims().Replace("/sign", "/revoke"), policy: policy));
    }

    [Theory]
    [InlineData(359, true)]
    [InlineData(360, false)]
    [InlineData(10_000, false)]
    public void Check_AtAndAfterExpiry_TheSkewDecides(int after, bool accepted)
        => Decides(JoseError.Expired, accepted, () => Check(Claims(), Now + after)); // exp is Now + 300

    [Theory]
    [InlineData("nbf", 60, true)]
    [InlineData("nbf", 61, false)]
    [InlineData("iat", 60, true)]
    [InlineData("iat", 61, false)]
    public void Check_BeforeNbfOrIat_TheSkewDecides(string claim, int ahead, bool accepted)
        => Decides(JoseError.NotYetValid, accepted, () => Check(Claims().Replace($"\"{claim}\":{Now}", $"\"{claim}\":{Now + ahead}")));

    [Theory]
    [InlineData(600, true)]
    [InlineData(601, false)]
    [InlineData(315_360_000, false)]
    public void Check_LongLife_TheMaximumDecides(int seconds, bool accepted)
        => Decides(JoseError.LifetimeTooLong, accepted, () => Check(Claims().Replace($"\"exp\":{Now + 300}", $"\"exp\":{Now + seconds}")));

    [Fact]
    public void Check_LongLifeWithoutBeginning_IsRefused()
    {
        var policy = Policy with { RequiredClaims = ["exp"] };
        Refused.With(JoseError.LifetimeTooLong, () => Check("{\"iss\":\"iot-bridge\",\"aud\":\"https://ca/sign\",\"exp\":" + (Now + 700) + "}", policy: policy));
    }

    [Fact]
    public void Check_OldTokenWithLongLife_IsRefused()
        => Refused.With(JoseError.LifetimeTooLong, () => Check(Claims().Replace($"\"iat\":{Now}", "\"iat\":1")));

    [Fact]
    public void Check_LatestDates_DoNotOverflow()
        => Refused.With(JoseError.LifetimeTooLong, () => Check(Claims().Replace($"\"exp\":{Now + 300}", "\"exp\":253402300799")));

    private static void Decides(JoseError error, bool accepted, Action check)
    {
        if (accepted)
        {
            check();
        }
        else
        {
            Refused.With(error, check);
        }
    }

    private static string Claims()
        => $$"""{"iss":"iot-bridge","aud":"https://ca/1.0/sign","exp":{{Now + 300}},"iat":{{Now}},"nbf":{{Now}},"jti":"x","sub":"x"}""";

    private static void Check(string claims, long now = Now, JwtPolicy? policy = null)
        => (policy ?? Policy).Check(JwtClaims.Parse(Encoding.UTF8.GetBytes(claims)), DateTimeOffset.FromUnixTimeSeconds(now));
}
