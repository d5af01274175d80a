using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Identity;
using IoTPlatform.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>A member of the provider's staff: an account at the provider's identity provider only, which signs in through the browser forms.</summary>
internal sealed class DemoStaff
{
    private const string ThroughTheProvider = "Platform provider";
    private readonly string _password;

    private DemoStaff(string username, string password, string passwordFile)
    {
        Username = username;
        _password = password;
        PasswordFile = passwordFile;
    }

    public string Username { get; }

    public string PasswordFile { get; }

    /// <summary>The links from a stack's portal to the form that asks for this account.</summary>
    private IReadOnlyList<string> LinksAtHome { get; init; } = [];

    private IReadOnlyList<string> LinksAtTenant { get; init; } = [ThroughTheProvider];

    /// <summary>Part of that form's address.</summary>
    private string Form { get; init; } = "sign-in";

    /// <summary>The provider's own administrator, at its own issuer.</summary>
    public static DemoStaff Administrator(string passwordFile) => new(InitialAdmin.Username, File.ReadAllText(passwordFile).Trim(), passwordFile);

    /// <summary>Somebody new in the provider's realm at Keycloak.</summary>
    public static async Task<DemoStaff> HireAsync(DemoFolder folder, KeycloakAdmin realm, CancellationToken cancellationToken)
    {
        var staff = new DemoStaff("staff", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)), folder.Combine("keycloak", "staff-password"))
        {
            LinksAtHome = ["Sign in"],
            LinksAtTenant = ["Sign in", ThroughTheProvider],
            Form = "login-actions",
        };
        AtomicFile.WriteText(staff.PasswordFile, staff._password + "\n", AtomicFile.Secret);
        await realm.CreateAsync("users", staff.Account(), "user", cancellationToken);
        var user = await realm.FindInListAsync($"users?exact=true&username={staff.Username}", _ => true, cancellationToken);
        var roles = new JsonArray();
        foreach (var role in new[] { "cdm-admin", "platform-admin" })
        {
            roles.Add(await realm.FindAsync($"roles/{role}", cancellationToken));
        }

        await realm.CreateAsync($"users/{user!["id"]}/role-mappings/realm", roles, "roles", cancellationToken);
        return staff;
    }

    /// <summary>Answers the roles that the provider's portal shows.</summary>
    public Task<string> SignInAtHomeAsync(Uri portal, RootTrust trust) => SignInAsync(portal, trust, LinksAtHome);

    /// <summary>Answers the roles that a tenant's portal shows.</summary>
    public Task<string> SignInAtTenantAsync(Uri portal, RootTrust trust) => SignInAsync(portal, trust, LinksAtTenant);

    private async Task<string> SignInAsync(Uri portal, RootTrust trust, IReadOnlyList<string> links)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(trust.Root);
        using var browser = new FormBrowser(new() { CertificateChainPolicy = policy });
        var form = await browser.GetAsync(portal);
        foreach (var link in links)
        {
            form = await browser.GetAsync(form.Link(link));
        }

        var page = await browser.SubmitAsync(form, Form, ("username", Username), ("password", _password));
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
