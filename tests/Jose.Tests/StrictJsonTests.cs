using System.Text;
using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Tests;

public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":1}""")]
    [InlineData("""{"a":{"b":1,"b":2}}""")]
    [InlineData("""{"a":[{"b":1,"b":2}]}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\udc00"}""")]
    [InlineData("""{"a":"\ud800\ud800"}""")]
    [InlineData("""{"a":"\ud83d\ude00\ude00"}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"a":1} """ + "\0")]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":NaN}""")]
    [InlineData("""{'a':1}""")]
    [InlineData("\uFEFF{}")]
    public void Parse_NotStrict_IsMalformed(string json)
    {
        Refused.With(JoseError.Malformed, () => StrictJson.ParseDetached(Encoding.UTF8.GetBytes(json), "It"));
        Refused.With(JoseError.Malformed, () => StrictJson.ParseObject(Encoding.UTF8.GetBytes(json), "It"));
    }

    [Theory]
    [InlineData("""{"a":"\ud83d\ude00"}""")]
    [InlineData("""{"a":"\\ud800"}""")]
    [InlineData("""{"a":"\\\"\u00e9"}""")]
    [InlineData("""{"a":1,"A":1}""")]
    public void Parse_Strict_IsRead(string json)
        => StrictJson.ParseDetached(Encoding.UTF8.GetBytes(json), "It").ValueKind.ShouldBe(JsonValueKind.Object);

    [Fact]
    public void Parse_AnyText_IsReadOrRefusedButNeverFailsOtherwise()
        => RepeatableProperty.Holds<byte[]>(bytes =>
        {
            byte[] json = [.. "{\"a\":\""u8, .. bytes, .. "\"}"u8];
            try
            {
                return StrictJson.ParseDetached(json, "It").GetProperty("a").GetString() is not null;
            }
            catch (JoseException)
            {
                return true;
            }
        }, 2000);

    [Fact]
    public void Parse_AnyEscapes_AreReadOrRefusedButNeverFailOtherwise()
        => RepeatableProperty.Holds<ushort[]>(units =>
        {
            var json = "{\"a\":\"" + string.Concat(units.Select(unit => $"\\u{(unit % 3 == 0 ? 0xD800 | (unit & 0x7FF) : unit):x4}")) + "\"}";
            try
            {
                return StrictJson.ParseDetached(Encoding.UTF8.GetBytes(json), "It").GetProperty("a").GetString() is not null;
            }
            catch (JoseException)
            {
                return true;
            }
        }, 2000);
}
