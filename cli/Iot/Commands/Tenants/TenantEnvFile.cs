using System.Text;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>The env file a tenant boots from, 0600: it holds the JOIN key.</summary>
internal static class TenantEnvFile
{
    public static void Write(string path, Uri provider, string fingerprint, string tenantId, string joinKey, params (string Name, string Value)[] more)
    {
        var text = new StringBuilder("# First boot of a tenant stack: iot up tenant --env-file <this file>. Holds a secret until the tenant has joined.\n");
        foreach (var (name, value) in new[] { ("PROVIDER_URL", provider.AbsoluteUri.TrimEnd('/')), ("STEP_CA_FINGERPRINT", fingerprint), ("TENANT_ID", tenantId), ("JOIN_KEY", joinKey) }.Concat(more))
            text.Append(name).Append('=').Append(value).Append('\n');
        AtomicFile.WriteText(path, text.ToString(), AtomicFile.Secret);
    }
}
