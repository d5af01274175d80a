using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Encryption;

/// <summary>What the protected header of a <see cref="Pbes2Jwe"/> must say before any work is done for it.</summary>
internal static class Pbes2HeaderRules
{
    public const string Algorithm = "PBES2-HS256+A128KW";
    public const string ContentEncryption = "A256GCM";
    private const int MinimumIterations = 1000; // RFC 7518 section 4.8.1.2
    private const int MinimumSaltLength = 8;    // section 4.8.1.1
    private const int MaximumSaltLength = 256;

    public static void Require(ReadOnlySpan<byte> utf8Json, int maxIterations)
    {
        var json = StrictJson.ParseDetached(utf8Json, "The encrypted object's header");
        Require(json, "alg", Algorithm);
        Require(json, "enc", ContentEncryption);
        if (json.TryGetProperty("crit", out _) || json.TryGetProperty("zip", out _))
        {
            throw new JoseException(JoseError.Malformed, "The encrypted object uses critical extensions or compression.");
        }

        // p2c is the sender's choice of how long we compute.
        if (!json.TryGetProperty("p2c", out var p2c) || p2c.ValueKind != JsonValueKind.Number
            || !p2c.TryGetInt32(out var iterations) || iterations < MinimumIterations || iterations > maxIterations)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"The \"p2c\" is not between {MinimumIterations} and {maxIterations}.");
        }

        if (StrictBase64Url.Decode(Text(json, "p2s"), "The \"p2s\"").Length is < MinimumSaltLength or > MaximumSaltLength)
        {
            throw new JoseException(JoseError.Malformed, "The \"p2s\" is too short or too long.");
        }

        if (json.TryGetProperty("cty", out var cty))
        {
            _ = StrictJson.String(cty, "The \"cty\"");
        }
    }

    private static string Text(in JsonElement json, string name)
        => json.TryGetProperty(name, out var value)
            ? StrictJson.String(value, $"The \"{name}\"")
            : throw new JoseException(JoseError.Malformed, $"The encrypted object has no \"{name}\".");

    private static void Require(in JsonElement json, string name, string expected)
    {
        if (Text(json, name) != expected)
        {
            throw new JoseException(JoseError.AlgorithmNotAllowed, $"The \"{name}\" is not {expected}.");
        }
    }
}
