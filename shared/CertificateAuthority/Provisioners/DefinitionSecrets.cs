using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Encrypts what a copy of the database alone must not give away.</summary>
internal interface ISecretCipher
{
    /// <param name="place">Where the ciphertext is kept: moved elsewhere, it does not decrypt.</param>
    /// <param name="text">The secret.</param>
    string Encrypt(string place, string text);

    /// <summary>Throws <see cref="CryptographicException"/> for what was encrypted for another place, or under another key.</summary>
    string Decrypt(string place, string ciphertext);
}

/// <summary>
/// Secrets within stored definitions: the client secret of an identity provider, and what webhooks know this authority by. In the database each is
/// <c>{"encrypted": …}</c>, which no definition of an administrator can have at its place.
/// </summary>
internal sealed class DefinitionSecrets(ISecretCipher cipher)
{
    private const string Marker = "encrypted";
    private const string ClientSecret = "clientSecret";

    /// <summary>For the database. What is encrypted already stays as it is.</summary>
    public string Encrypted(string definition) => Changed(
        definition, static value => value is not null && !IsEncrypted(value), (place, value) => new JsonObject { [Marker] = cipher.Encrypt(place, value.ToJsonString()) });

    /// <summary>From the database. What can't be decrypted stays encrypted; see <see cref="RequireDecrypted"/>.</summary>
    public string Decrypted(string definition) => Changed(definition, IsEncrypted, (place, value) =>
    {
        try
        {
            return JsonNode.Parse(cipher.Decrypt(place, value[Marker]!.GetValue<string>()));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return value.DeepClone();
        }
    });

    /// <summary>Throws 422 for a definition with a secret that could not be decrypted.</summary>
    public static void RequireDecrypted(ProvisionerDefinition definition)
    {
        if (PlacesOf(JsonNode.Parse(definition.ToJson())!).Any(place => IsEncrypted(place.Owner[place.Member])))
        {
            throw ProvisionerDefinition.Refused("its secrets were encrypted under a key that the data folder does not have; enter them again.");
        }
    }

    private static string Changed(string definition, Func<JsonNode?, bool> isMeant, Func<string, JsonNode, JsonNode?> change)
    {
        var json = JsonNode.Parse(definition)!;
        var meant = PlacesOf(json).Where(place => isMeant(place.Owner[place.Member])).ToList();
        foreach (var place in meant)
        {
            place.Owner[place.Member] = change(place.Name, place.Owner[place.Member]!);
        }

        return meant.Count == 0 ? definition : json.ToJsonString();
    }

    private static bool IsEncrypted(JsonNode? value) =>
        value is JsonObject { Count: 1 } box && box[Marker] is JsonValue text && text.GetValueKind() == JsonValueKind.String;

    private static IEnumerable<Place> PlacesOf(JsonNode definition)
    {
        if (definition is not JsonObject root)
        {
            yield break;
        }

        var name = root["name"]?.ToString();
        yield return new Place(root, ClientSecret, $"{name}\n{ClientSecret}");
        foreach (var webhook in Webhooks.WebhookSecrets.WebhooksOf(root))
        {
            foreach (var member in Webhooks.WebhookSecrets.Members)
            {
                yield return new Place(webhook, member, $"{name}\n{webhook["id"]}\n{member}");
            }
        }
    }

    private readonly record struct Place(JsonObject Owner, string Member, string Name);
}
