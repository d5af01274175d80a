using System.Security.Cryptography;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Tests;

public sealed class StrictBase64UrlTests
{
    [Theory]
    [InlineData("A")]        // 6 bits are no byte
    [InlineData("AAAAA")]
    [InlineData("AB")]       // unused bits set: a second spelling of AA
    [InlineData("AAB")]
    [InlineData("AA==")]
    [InlineData("AA%%")]
    [InlineData("A+AA")]
    [InlineData("A/AA")]
    [InlineData("AA AA")]
    [InlineData("AAAA\n")]
    [InlineData("AAA\u0410")] // Cyrillic A
    public void Decode_NotTheOneSpelling_IsMalformed(string text)
        => Refused.With(JoseError.Malformed, () => StrictBase64Url.Decode(text, "It"));

    [Fact]
    public void Decode_Rfc7515AppendixC_IsThePrintedOne()
        => StrictBase64Url.Decode("A-z_4ME", "It").ShouldBe([3, 236, 255, 224, 193]);

    [Fact]
    public void Decode_OfEncoded_IsTheSameBytes()
        => RepeatableProperty.Holds<byte[]>(bytes => StrictBase64Url.Decode(StrictBase64Url.Encode(bytes), "It").AsSpan().SequenceEqual(bytes));

    [Fact]
    public void IsValid_EveryTwoCharacters_OnlyTheCanonicalSpelling()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var spellings = from first in alphabet from second in alphabet let text = $"{first}{second}" where StrictBase64Url.IsValid(text) select text;
        spellings.Count().ShouldBe(256);
    }

    [Fact]
    public void Decode_AnyChangeOfACharacter_ChangesTheBytesOrIsRefused()
    {
        var text = StrictBase64Url.Encode(SHA256.HashData("token"u8));
        for (var at = 0; at < text.Length; at++)
        {
            foreach (var other in "AQgw_-9z")
            {
                var changed = text[..at] + other + text[(at + 1)..];
                if (changed != text && StrictBase64Url.IsValid(changed))
                {
                    StrictBase64Url.Decode(changed, "It").ShouldNotBe(StrictBase64Url.Decode(text, "It"));
                }
            }
        }
    }
}
