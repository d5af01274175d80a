using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>A member of the provider's staff: an account in the provider's realm only, which signs in through the browser forms.</summary>
internal sealed class DemoStaff
{
    public const string Username = "staff";
    private readonly string _password;

    private DemoStaff(string password, string passwordFile)
    {
        _password = password;
        PasswordFile = passwordFile;
    }

    public string PasswordFile { get; }

    public static async Task<DemoStaff> HireAsync(DemoFolder folder, KeycloakAdmin realm, CancellationToken cancellationToken)
    {
        var staff = new DemoStaff(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)), folder.Combine("keycloak", "staff-password"));
        AtomicFile.WriteText(staff.PasswordFile, staff._password + "\n", AtomicFile.Secret);
        await realm.CreateAsync("users", staff.Account(), "user", cancellationToken);
        var user = await realm.FindInListAsync($"users?exact=true&username={Username}", _ => true, cancellationToken);
        var roles = new JsonArray();
        foreach (var role in new[] { "cdm-admin", "platform-admin" })
        {
            roles.Add(await realm.FindAsync($"roles/{role}", cancellationToken));
        }

        await realm.CreateAsync($"users/{user!["id"]}/role-mappings/realm", roles, "roles", cancellationToken);
        return staff;
    }

    /// <summary>Through the portal's sign-in and Keycloak's forms. Answers the roles that the portal shows.</summary>
    /// <param name="portal">Of a stack.</param>
    /// <param name="trust">Root of its certificate.</param>
    /// <param name="through">The link to another identity provider on the realm's form; null: this realm's own account.</param>
    public async Task<string> SignInAsync(Uri portal, RootTrust trust, string? through)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(trust.Root);
        using var browser = new FormBrowser(new() { CertificateChainPolicy = policy });
        var form = await browser.GetAsync((await browser.GetAsync(portal)).Link("Sign in"));
        if (through is not null)
        {
            form = await browser.GetAsync(form.Link(through));
        }

        var page = await browser.SubmitAsync(form, "login-actions", ("username", Username), ("password", _password));
        return page["roles"] ?? throw CliException.Failed("demo_failed", $"{portal} does not let the provider's staff in: {page.Text}");
    }

    private JsonObject Account() => new()
    {
        ["username"] = Username,
        ["enabled"] = true,
        ["email"] = "staff@provider.example",
        ["emailVerified"] = true,
        ["firstName"] = "Provider",
        ["lastName"] = "Staff",
        ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = _password, ["temporary"] = false }),
    };
}
