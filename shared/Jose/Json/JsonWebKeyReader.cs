using System.Text.Json;
using IoTPlatform.Jose.Keys;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Json;

/// <summary>Reads a JWK: the members of its key type and kid, alg, use; a member that is null is absent, an unknown one is dropped.</summary>
internal static class JsonWebKeyReader
{
    public static JsonWebKey Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new JoseException(JoseError.Malformed, "The key is not a JSON object.");
        }

        var key = new JsonWebKey { Kty = Text("kty"), KeyId = Text("kid"), Alg = Text("alg"), Use = Text("use") };
        switch (key.Kty)
        {
            case "EC":
                (key.Crv, key.X, key.Y, key.D) = (Text("crv"), Text("x"), Text("y"), Text("d"));
                break;
            case "OKP":
                (key.Crv, key.X, key.D) = (Text("crv"), Text("x"), Text("d"));
                break;
            case "RSA" when TryGet("oth", out _):
                throw new JoseException(JoseError.KeyNotAllowed, "An RSA key with more than two primes is not allowed.");
            case "RSA":
                (key.N, key.E, key.D) = (Text("n"), Text("e"), Text("d"));
                (key.P, key.Q, key.DP, key.DQ, key.QI) = key.D is null ? default : (Text("p"), Text("q"), Text("dp"), Text("dq"), Text("qi"));
                break;
        }

        KeyParameters.Require(key);
        return key;

        string? Text(string name) => TryGet(name, out var value) ? StrictJson.String(value, $"The key's \"{name}\"") : null;

        bool TryGet(string name, out JsonElement value) => json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }
}
