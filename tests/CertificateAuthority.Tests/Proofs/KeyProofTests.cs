using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class KeyProofTests : IDisposable
{
    private static readonly Uri Audience = new("https://provider.example:9443/portal/admin/tenants/acme/join-status");

    private readonly CaKey _key = CaKey.Generate(KeyKind.P256);
    private readonly FakeTime _time = new();

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    public void Verify_GenuineProof_GivesItsClaims(KeyKind kind)
    {
        using var key = CaKey.Generate(kind);
        var proof = KeyProof.Create(key, "acme", Audience, _time, new Dictionary<string, string> { ["csr_sha256"] = "abc" });

        var claims = KeyProof.Verify(proof, key.SubjectPublicKeyInfo, "acme", Audience, _time);

        claims.Subject.ShouldBe("acme");
        claims.Id.Length.ShouldBe(32);
        claims.Extra.ShouldBe(new Dictionary<string, string> { ["csr_sha256"] = "abc" });
        (claims.Expires - claims.IssuedAt).ShouldBe(KeyProof.MaxLifetime);
    }

    [Fact]
    public void Verify_AnotherKey_IsRefused()
    {
        using var other = CaKey.Generate(KeyKind.P256);

        Refused(KeyProof.Create(other, "acme", Audience, _time)).ShouldBe(JoseError.BadSignature);
    }

    [Fact]
    public void Verify_KeyOfAnotherCurve_IsRefused()
    {
        using var other = CaKey.Generate(KeyKind.P384);

        Refused(KeyProof.Create(other, "acme", Audience, _time)).ShouldBe(JoseError.AlgorithmNotAllowed);
    }

    [Fact]
    public void Verify_AnotherSubject_IsRefused()
    {
        Should.Throw<JoseException>(() => KeyProof.Verify(KeyProof.Create(_key, "globex", Audience, _time), _key.SubjectPublicKeyInfo, "acme", Audience, _time));
    }

    [Theory]
    [InlineData("https://provider.example:9443/portal/admin/tenants/globex/join-status")]
    [InlineData("https://provider.example/portal/admin/tenants/acme/join-status")]
    [InlineData("http://provider.example:9443/portal/admin/tenants/acme/join-status")]
    public void Verify_AnotherAudience_IsRefused(string audience)
    {
        Refused(KeyProof.Create(_key, "acme", new Uri(audience), _time)).ShouldBe(JoseError.BadAudience);
    }

    [Fact]
    public void Verify_AfterFiveMinutesAndTheSkew_IsRefused()
    {
        var proof = KeyProof.Create(_key, "acme", Audience, _time);
        _time.Advance(KeyProof.MaxLifetime + TimeSpan.FromSeconds(61));

        Refused(proof).ShouldBe(JoseError.Expired);
    }

    [Fact]
    public void Verify_LongerLifetime_IsRefused()
    {
        Refused(Sign(Claims(_time.GetUtcNow().AddMinutes(6).ToUnixTimeSeconds()))).ShouldBe(JoseError.LifetimeTooLong);
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("iot-key-proof")]
    public void Verify_AnotherType_IsRefused(string typ)
    {
        Refused(Sign(Claims(_time.GetUtcNow().AddMinutes(1).ToUnixTimeSeconds()), typ)).ShouldBe(JoseError.Malformed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("garbage")]
    public void Verify_Garbage_IsRefused(string proof)
    {
        Refused(proof).ShouldBe(JoseError.Malformed);
    }

    [Fact]
    public void Create_ExtraClaimThatReplacesOne_Throws()
    {
        Should.Throw<ArgumentException>(() => KeyProof.Create(_key, "acme", Audience, _time, new Dictionary<string, string> { ["exp"] = "9" }));
    }

    private JoseError Refused(string proof) => Should.Throw<JoseException>(() => KeyProof.Verify(proof, _key.SubjectPublicKeyInfo, "acme", Audience, _time)).Error;

    private JsonObject Claims(long expires)
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject { ["sub"] = "acme", ["aud"] = Audience.AbsoluteUri, ["iat"] = now, ["nbf"] = now, ["exp"] = expires, ["jti"] = "1" };
    }

    private string Sign(JsonObject claims, string typ = KeyProof.Type) =>
        CompactJws.Sign(new Dictionary<string, object> { ["typ"] = typ }, Encoding.UTF8.GetBytes(claims.ToJsonString()), new CaKeySignature(_key));
}
