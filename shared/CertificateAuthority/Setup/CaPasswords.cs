using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The passwords that open the CA keys and the escrowed provisioner key.</summary>
public sealed class CaPasswords
{
    private CaPasswords(string authority, string provisioner)
    {
        Authority = authority;
        Provisioner = provisioner;
    }

    internal string Authority { get; }

    internal string Provisioner { get; }

    /// <summary>
    /// STEP_CA_PASSWORD or STEP_CA_PASSWORD_FILE, else the generated file <c>ca-password</c>; STEP_CA_PROVISIONER_PASSWORD or
    /// STEP_CA_PROVISIONER_PASSWORD_FILE, else the generated file <c>provisioner-password</c> (0600). Throws StartupException.
    /// </summary>
    public static CaPasswords Resolve(DataFolder folder, Func<string, string?> settings) =>
        new(
            Resolve(folder, settings, "STEP_CA_PASSWORD", "ca-password"),
            Resolve(folder, settings, "STEP_CA_PROVISIONER_PASSWORD", "provisioner-password"));

    /// <summary>Opens CA keys, for commands that need no provisioner. Throws StartupException; makes nothing.</summary>
    public static string ResolveCaPassword(string dataFolder, Func<string, string?> settings) =>
        Configured(settings, "STEP_CA_PASSWORD") ?? ReadFile(Path.Combine(dataFolder, "ca-password"), "STEP_CA_PASSWORD");

    private static string Resolve(DataFolder folder, Func<string, string?> settings, string name, string file) =>
        Configured(settings, name) ?? folder.ReadOrCreateSecret(file, static () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    private static string? Configured(Func<string, string?> settings, string name)
    {
        if (settings(name) is { Length: > 0 } value)
        {
            return value;
        }

        return settings(name + "_FILE") is { Length: > 0 } path ? ReadFile(path, name + "_FILE") : null;
    }

    private static string ReadFile(string path, string setting)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n') is { Length: > 0 } password
                ? password
                : throw new StartupException($"The password file {path} is empty ({setting}).");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The password file {path} can't be read ({setting}): {e.Message}");
        }
    }
}
