using System.Buffers;
using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Encryption;

/// <summary>The protected header of a <see cref="Pbes2Jwe"/>.</summary>
internal sealed record Pbes2Header(byte[] SaltInput, int Iterations, string ContentType)
{
    private const int MinimumIterations = 1000; // RFC 7518 section 4.8.1.2
    private const int MinimumSaltLength = 8;    // section 4.8.1.1
    private const int MaximumSaltLength = 256;
    private const string ContentEncryption = "A256GCM";

    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(160);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteString("alg", Pbes2KeyDerivation.Algorithm);
        writer.WriteString("cty", ContentType);
        writer.WriteString("enc", ContentEncryption);
        writer.WriteNumber("p2c", Iterations);
        writer.WriteString("p2s", StrictBase64Url.Encode(SaltInput));
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static Pbes2Header Read(ReadOnlySpan<byte> utf8Json, int maxIterations)
    {
        var json = StrictJson.ParseDetached(utf8Json, "The encrypted object's header");
        Require(json, "alg", Pbes2KeyDerivation.Algorithm);
        Require(json, "enc", ContentEncryption);
        if (json.TryGetProperty("crit", out _) || json.TryGetProperty("zip", out _))
        {
            throw new JoseException(JoseError.Malformed, "The encrypted object uses critical extensions or compression.");
        }

        // Bounded before any work is done: p2c is the sender's choice of how long we compute.
        if (!json.TryGetProperty("p2c", out var p2c) || p2c.ValueKind != JsonValueKind.Number
            || !p2c.TryGetInt32(out var iterations) || iterations < MinimumIterations || iterations > maxIterations)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"The \"p2c\" is not between {MinimumIterations} and {maxIterations}.");
        }

        var salt = StrictBase64Url.Decode(Text(json, "p2s"), "The \"p2s\"");
        return salt.Length is >= MinimumSaltLength and <= MaximumSaltLength
            ? new Pbes2Header(salt, iterations, json.TryGetProperty("cty", out var cty) ? StrictJson.String(cty, "The \"cty\"") : "")
            : throw new JoseException(JoseError.Malformed, "The \"p2s\" is too short or too long.");
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
