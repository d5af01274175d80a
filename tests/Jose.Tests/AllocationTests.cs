using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class AllocationTests
{
    [Fact]
    public void ParseAndVerify_StepToken_AllocatesLittle()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(key));
        using var signer = new EcSignatureKey(JsonWebKey.FromPrivateKey(key).ToECDsa(), "bhl2gqtPSy-D6s19uLd8MfcDeERi0qQFKMO5XtwzY8I");
        var token = Jwt.Sign(
            new JsonObject
            {
                ["aud"] = "https://localhost:9443/1.0/sign",
                ["exp"] = 1700000300,
                ["iat"] = 1700000000,
                ["iss"] = "iot-bridge",
                ["jti"] = "31fd1b8f5a3c4a4a8d1c0e0f31fd1b8f5a3c4a4a8d1c0e0f31fd1b8f5a3c4a4a",
                ["nbf"] = 1700000000,
                ["sans"] = new JsonArray("device-1.example.org"),
                ["sha"] = "31fd1b8f5a3c4a4a8d1c0e0f31fd1b8f5a3c4a4a8d1c0e0f31fd1b8f5a3c4a4a",
                ["sub"] = "device-1.example.org",
            },
            signer);
        Verify();
        Verify();

        var before = GC.GetAllocatedBytesForCurrentThread();
        const int count = 100;
        for (var i = 0; i < count; i++)
        {
            Verify();
        }

        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / count;
        each.ShouldBeLessThan(4096);

        void Verify()
        {
            var jws = CompactJws.Parse(token);
            jws.Verify(verifier, AlgorithmSet.Signatures).ShouldBeTrue();
        }
    }
}
