using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The passwords that open the CA keys and the escrowed provisioner key.</summary>
public sealed class CaPasswords
{
    public const string AuthoritySetting = "STEP_CA_PASSWORD";
    public const string ProvisionerSetting = "STEP_CA_PROVISIONER_PASSWORD";

    /// <summary>The encrypted key is public, so it can be attacked offline: 20 random letters and digits are 119 bits.</summary>
    private const int MinProvisionerPassword = 20;
    private const int MinDistinct = 8;
    private const int RandomBytes = 32;

    private CaPasswords(CaPassword authority, CaPassword provisioner)
    {
        Authority = authority;
        Provisioner = provisioner;
    }

    internal CaPassword Authority { get; }

    internal CaPassword Provisioner { get; }

    /// <summary>
    /// STEP_CA_PASSWORD or STEP_CA_PASSWORD_FILE, else the generated file <c>ca-password</c>; STEP_CA_PROVISIONER_PASSWORD or
    /// STEP_CA_PROVISIONER_PASSWORD_FILE, else the generated file <c>provisioner-password</c> (0600). Throws StartupException.
    /// </summary>
    public static CaPasswords Resolve(DataFolder folder, Func<string, string?> settings)
    {
        Check(settings, (setting, _, why) => throw new StartupException($"{setting}: {why}."));
        return new(Resolve(folder, settings, AuthoritySetting, "ca-password"), Resolve(folder, settings, ProvisionerSetting, "provisioner-password"));
    }

    /// <summary>Reads what is configured and makes nothing. What is wrong goes to <paramref name="invalid"/>: setting, value (never a password), why.</summary>
    public static void Check(Func<string, string?> settings, Action<string, string, string> invalid)
    {
        Read(AuthoritySetting);
        if (Read(ProvisionerSetting) is { } password && IsWeak(password))
        {
            invalid(
                ProvisionerSetting, "…",
                $"the provisioner key is handed to every caller of /provisioners under this password, so it needs {MinProvisionerPassword} characters at least, {MinDistinct} of them different; "
                + "leave it out and 256 random bits are generated, or take the output of: openssl rand -base64 32");
        }

        string? Read(string setting)
        {
            try
            {
                return Configured(settings, setting);
            }
            catch (StartupException e)
            {
                invalid(setting + "_FILE", "…", e.Message.TrimEnd('.'));
                return null;
            }
        }
    }

    private static bool IsWeak(string password) => password.Length < MinProvisionerPassword || password.Distinct().Count() < MinDistinct;

    private static CaPassword Resolve(DataFolder folder, Func<string, string?> settings, string name, string file) =>
        Configured(settings, name) is { } chosen ? new(chosen, CaPassword.ChosenRounds) : Generated(folder.ReadOrCreateSecret(file, static () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))));

    // What somebody wrote into the file by hand has another form.
    private static CaPassword Generated(string password) =>
        new(password, password.Length == Base64Url.GetEncodedLength(RandomBytes) && Base64Url.IsValid(password, out var bytes) && bytes == RandomBytes ? CaPassword.RandomRounds : CaPassword.ChosenRounds);

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

/// <summary>A password and by how many rounds of PBKDF2 a key is derived from it.</summary>
internal sealed class CaPassword(string value, int rounds)
{
    /// <summary>For what a person chose, as the OWASP password storage cheat sheet has it for HMAC-SHA-256.</summary>
    public const int ChosenRounds = 600_000;

    /// <summary>For 256 random bits, which no number of rounds makes harder to guess: the least of RFC 8018 4.2 and RFC 7518 4.8.1.2.</summary>
    public const int RandomRounds = 1_000;

    public string Value { get; } = value;
    public int Rounds { get; } = rounds;
}
