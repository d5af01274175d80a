using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>What a step-ca with remote management has on record, in the words of its administration API, as ca.json writes it. Nothing is stored. Throws 422 <c>invalid_provisioner</c> for what is not understood: it may restrict.</summary>
internal static class LinkedTranslation
{
    /// <summary>Without id, owner and dates.</summary>
    public static JsonElement Provisioner(JsonElement linked) => Translated(() => LinkedProvisioner.Read(Json(linked, "provisioner"), stored: null, out _).ToJson());

    public static JsonElement Policy(JsonElement linked) => Translated(() => LinkedPolicy.Read(Json(linked, "policy")).ToJsonString());

    private static LinkedJson Json(JsonElement linked, string name) => LinkedJson.Parse(Encoding.UTF8.GetBytes(linked.GetRawText()), name);

    private static JsonElement Translated(Func<string> read)
    {
        try
        {
            return JsonElement.Parse(read());
        }
        catch (AdminException e)
        {
            throw ProvisionerDefinition.Refused($"{e.Answer}.", e);
        }
    }
}
