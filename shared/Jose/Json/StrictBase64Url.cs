using System.Buffers;
using System.Buffers.Text;

namespace IoTPlatform.Jose.Json;

/// <summary>
/// Base64url as RFC 7515 section 2 writes it: no padding, no white space, and no unused bits set, so that one value has
/// exactly one spelling. The BCL's decoder is more lenient.
/// </summary>
internal static class StrictBase64Url
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    public static bool IsValid(ReadOnlySpan<char> text)
        => !text.ContainsAnyExcept(Allowed) && (text.Length % 4) switch
        {
            0 => true,
            2 => (Alphabet.IndexOf(text[^1]) & 0b1111) == 0,
            3 => (Alphabet.IndexOf(text[^1]) & 0b0011) == 0,
            _ => false,
        };

    public static int DecodedLength(int characters) => Base64Url.GetMaxDecodedLength(characters);

    /// <summary>Decodes into <paramref name="destination"/>, which has at least <see cref="DecodedLength"/> bytes.</summary>
    public static int Decode(ReadOnlySpan<char> text, Span<byte> destination, string what)
        => IsValid(text)
            ? Base64Url.DecodeFromChars(text, destination)
            : throw new JoseException(JoseError.Malformed, $"{what} is not base64url without padding.");

    public static byte[] Decode(ReadOnlySpan<char> text, string what)
    {
        var bytes = new byte[DecodedLength(text.Length)];
        _ = Decode(text, bytes, what);
        return bytes;
    }

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}
