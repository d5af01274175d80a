using System.Text;
using System.Text.Json;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Inventories;

/// <summary>What an inventory says of one credential.</summary>
internal sealed record InventoryEntry
{
    public const int LongestKey = 256;
    public const int LongestData = 4096;
    public const int DeepestData = 8;

    private InventoryEntry(string key, string data) => (Key, Data) = (key, data);

    /// <summary>Name of the credential, to the letter.</summary>
    public string Key { get; }

    /// <summary>A JSON object.</summary>
    public string Data { get; }

    /// <summary>Throws 422 <c>invalid_inventory</c> for what is no entry.</summary>
    public static InventoryEntry Of(string key, JsonElement data)
    {
        if (!IsKey(key))
        {
            throw Refused($"A key has 1 to {LongestKey} characters, no control characters, and no spaces around it.");
        }

        if (data.ValueKind != JsonValueKind.Object)
        {
            throw Refused($"The data of {key} is no JSON object.");
        }

        var text = data.GetRawText();
        return Encoding.UTF8.GetByteCount(text) <= LongestData && IsWithin(data, DeepestData) ? new InventoryEntry(key, text)
            : throw Refused($"The data of {key} has more than {LongestData} bytes or {DeepestData} levels.");
    }

    /// <summary>Whether a credential of this name could be in an inventory.</summary>
    public static bool IsKey(string key) => key.Length is > 0 and <= LongestKey && !key.Any(char.IsControl) && key.Trim() == key && !key.Any(char.IsSurrogate);

    public static ProblemException Refused(string why, Exception? inner = null) => new(422, "invalid_inventory", why, inner: inner);

    /// <summary>Also reads its texts: half a surrogate pair, which JSON can escape, is none. Throws <see cref="InvalidOperationException"/> for one.</summary>
    private static bool IsWithin(JsonElement element, int levels) => element.ValueKind switch
    {
        JsonValueKind.Object => levels > 0 && element.EnumerateObject().All(member => member.Name is not null && IsWithin(member.Value, levels - 1)),
        JsonValueKind.Array => levels > 0 && element.EnumerateArray().All(item => IsWithin(item, levels - 1)),
        JsonValueKind.String => element.GetString() is not null,
        _ => true,
    };
}
