using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>What a tenant joined with, so that a later start needs no first-boot file and notices settings that came too late.</summary>
internal sealed record JoinRecord
{
    private const string Folder = "join-bundle";
    public const string FileName = "joined.json";

    public required Uri ProviderUrl { get; init; }

    /// <summary>Of the JOIN key in its canonical form; null: it asked and was approved.</summary>
    public string? JoinKeySha256 { get; init; }

    /// <summary>As the provider's federation client was made for.</summary>
    public Uri? KeycloakUrl { get; init; }

    public static JoinRecord Of(TenantOptions options) => new()
    {
        ProviderUrl = options.ProviderUrl,
        JoinKeySha256 = options.JoinKey is { } key ? Hash(key) : null,
        KeycloakUrl = options.KeycloakUrl,
    };

    /// <summary>Null: not joined, or joined before there was such a record.</summary>
    public static JoinRecord? Find(string dataPath)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(PathIn(dataPath)), JoinRecordJson.Default.JoinRecord);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // the data folder's own checks say what is wrong with it
        }
    }

    /// <summary>Whether the folder holds a bundle, with or without this record.</summary>
    public static bool HasJoined(string dataPath) => File.Exists(Path.Combine(dataPath, Folder, "bundle.json"));

    /// <summary>After a boot that went well: the provider may have moved. True: this tenant joined before there was a record, and has one now.</summary>
    public static bool Renew(TenantOptions options)
    {
        var found = Find(options.DataPath);
        var renewed = (found ?? Of(options)) with { ProviderUrl = options.ProviderUrl };
        if (renewed != found)
        {
            renewed.Write(options.DataPath);
        }

        return found is null && options.HasJoined;
    }

    public void Write(string dataPath) => WriteTo(Path.Combine(dataPath, Folder));

    /// <summary>Beside the bundle, before it: what has joined has a record.</summary>
    public void WriteTo(string bundleFolder) => AtomicFile.Write(Path.Combine(bundleFolder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, JoinRecordJson.Default.JoinRecord), AtomicFile.Secret);

    public bool IsKey(string joinKey) => JoinKeySha256 == Hash(joinKey);

    private static string PathIn(string dataPath) => Path.Combine(dataPath, Folder, FileName);

    /// <summary>Crockford's alphabet is read in any case, with or without dashes; a key has 80 random bits, so its hash does not disclose it.</summary>
    private static string Hash(string joinKey)
    {
        var canonical = joinKey.ToUpperInvariant().Replace("-", "", StringComparison.Ordinal).Replace('O', '0').Replace('I', '1').Replace('L', '1');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JoinRecord))]
internal sealed partial class JoinRecordJson : JsonSerializerContext;
