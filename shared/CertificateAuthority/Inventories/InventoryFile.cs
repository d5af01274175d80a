using System.Globalization;
using System.Text;
using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Inventories;

/// <summary>Entries as a file: JSON, a list of <c>{"key", "data"}</c>, or CSV (RFC 4180), whose first column is the key and whose others are texts of the data by the names in its first line.</summary>
internal static class InventoryFile
{
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int MostColumns = 64;
    private const string KeyColumn = "key";

    /// <summary>Throws 422 <c>invalid_inventory</c>.</summary>
    public static IReadOnlyList<InventoryEntry> ReadJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            // The list, the entry and its data are levels, too.
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = InventoryEntry.DeepestData + 3 });
            if (document.RootElement.ValueKind != JsonValueKind.Array || document.RootElement.GetArrayLength() > CredentialInventories.MostEntries)
            {
                throw InventoryEntry.Refused($"The file is no JSON list of at most {CredentialInventories.MostEntries} entries.");
            }

            return Distinct(document.RootElement.EnumerateArray().Select(ReadEntry));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw InventoryEntry.Refused("The file is no JSON, has a member twice, nests too deeply, or has a text that is none.", e);
        }
    }

    /// <summary>Throws 422 <c>invalid_inventory</c>. An empty field is no member; what is no text belongs into JSON.</summary>
    public static IReadOnlyList<InventoryEntry> ReadCsv(string csv)
    {
        var rows = Rows(csv.StartsWith('\ufeff') ? csv[1..] : csv).GetEnumerator();
        if (!rows.MoveNext() || rows.Current is not [KeyColumn, .. var columns] || columns.Length > MostColumns || columns.Contains("") || columns.Distinct(StringComparer.Ordinal).Count() < columns.Length)
        {
            throw InventoryEntry.Refused($"The first line does not name the columns: {KeyColumn} first, then at most {MostColumns} others, each once.");
        }

        return Distinct(Entries());

        IEnumerable<InventoryEntry> Entries()
        {
            for (var line = 2; rows.MoveNext(); line++)
            {
                var row = rows.Current;
                if (line > CredentialInventories.MostEntries + 1 || row.Length != columns.Length + 1)
                {
                    throw InventoryEntry.Refused(string.Create(CultureInfo.InvariantCulture, $"Record {line} does not have the {columns.Length + 1} fields that the first one names, or is one of more than {CredentialInventories.MostEntries}."));
                }

                var members = columns.Zip(row.Skip(1)).Where(field => field.Second.Length > 0).ToDictionary(field => field.First, field => field.Second, StringComparer.Ordinal);
                yield return InventoryEntry.Of(row[0], JsonElement.Parse(JsonSerializer.Serialize(members, InventoryJson.Default.DictionaryStringString)));
            }
        }
    }

    private static InventoryEntry ReadEntry(JsonElement entry) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String
            && entry.EnumerateObject().All(member => member.Name is "key" or "data")
            ? InventoryEntry.Of(key.GetString()!, entry.TryGetProperty("data", out var data) ? data : JsonElement.Parse("{}"))
            : throw InventoryEntry.Refused("An entry has a key, data, and nothing else.");

    private static List<InventoryEntry> Distinct(IEnumerable<InventoryEntry> entries)
    {
        var (known, all) = (new HashSet<string>(StringComparer.Ordinal), new List<InventoryEntry>());
        foreach (var entry in entries)
        {
            all.Add(known.Add(entry.Key) ? entry : throw InventoryEntry.Refused($"The key {entry.Key} is there twice."));
        }

        return all;
    }

    /// <summary>Records of RFC 4180, with either kind of line end. An empty line is none.</summary>
    private static IEnumerable<string[]> Rows(string csv)
    {
        var (fields, field, at) = (new List<string>(), new StringBuilder(), 0);
        while (at < csv.Length)
        {
            field.Clear();
            at = csv[at] == '"' ? ReadQuoted(csv, at + 1, field) : ReadPlain(csv, at, field);
            fields.Add(field.ToString());
            if (fields.Count > MostColumns + 1)
            {
                throw InventoryEntry.Refused($"A record has more than {MostColumns + 1} fields.");
            }

            if (at < csv.Length && csv[at] == ',')
            {
                at++;
                if (at < csv.Length && csv[at] is not ('\r' or '\n'))
                {
                    continue;
                }

                fields.Add("");
            }

            at = AfterLineEnd(csv, at);
            if (fields is not [""])
            {
                yield return [.. fields];
            }

            fields.Clear();
        }
    }

    private static int ReadPlain(string csv, int at, StringBuilder field)
    {
        for (; at < csv.Length && csv[at] is not (',' or '\r' or '\n'); at++)
        {
            field.Append(csv[at] != '"' ? csv[at] : throw InventoryEntry.Refused("A field that is not quoted has a quotation mark."));
        }

        return at;
    }

    private static int ReadQuoted(string csv, int at, StringBuilder field)
    {
        for (; at < csv.Length; at++)
        {
            if (csv[at] != '"')
            {
                field.Append(csv[at]);
            }
            else if (at + 1 < csv.Length && csv[at + 1] == '"')
            {
                field.Append(csv[at++]);
            }
            else
            {
                return at + 1;
            }
        }

        throw InventoryEntry.Refused("A quotation mark is not closed.");
    }

    private static int AfterLineEnd(string csv, int at) => at == csv.Length ? at : csv[at] switch
    {
        '\n' => at + 1,
        '\r' => at + (at + 1 < csv.Length && csv[at + 1] == '\n' ? 2 : 1),
        _ => throw InventoryEntry.Refused("Something follows the quotation mark that ends a field."),
    };
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class InventoryJson : System.Text.Json.Serialization.JsonSerializerContext;
