using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class JwtTests
{
    [Fact]
    public void Sign_JsonObject_IsAVerifiableToken()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(key));
        using var signer = new EcSignatureKey(JsonWebKey.FromPrivateKey(key).ToECDsa(), "k1");
        var jws = CompactJws.Parse(Jwt.Sign(new JsonObject { ["sub"] = "x", ["exp"] = 1 }, signer, "iot-key-proof+jwt"));
        jws.Verify(verifier, AlgorithmSet.Of("ES384")).ShouldBeTrue();
        jws.Header.KeyId.ShouldBe("k1");
        jws.Header.Type.ShouldBe("iot-key-proof+jwt");
        JwtClaims.Parse(jws.Payload).Subject.ShouldBe("x");
    }

    [Fact]
    public void Sign_DictionaryAndObject_AreSerializedByTheirType()
    {
        using var signer = new EcSignatureKey(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        JwtClaims.Parse(CompactJws.Parse(Jwt.Sign(new Dictionary<string, object> { ["sub"] = "d" }, signer)).Payload).Subject.ShouldBe("d");
        JwtClaims.Parse(CompactJws.Parse(Jwt.Sign(new { sub = "o", aud = new[] { "a" } }, signer)).Payload).Audience.ShouldBe(["a"]);
    }
}
