using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>An authority with the super admin <c>step</c> and the admin <c>anna</c>, both of the provisioner <c>ops</c>.</summary>
public sealed class AdminHost : IAsyncLifetime
{
    private EcSignatureKey _key = null!;

    public CaHost Ca { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public X509Certificate2 Super { get; private set; } = null!;

    public X509Certificate2 Admin { get; private set; } = null!;

    internal AdministratorStore Administrators => Ca.Module.Administrators;

    public async Task InitializeAsync()
    {
        Ca = await CaHost.StartAsync();
        Http = Ca.Client();
        _key = await AddProvisionerAsync("ops");
        await Administrators.AddAsync("step", "ops", isSuper: true, "operator", default);
        await Administrators.AddAsync("anna@example.com", "ops", isSuper: false, "operator", default);
        Super = await CertificateAsync("step");
        Admin = await CertificateAsync("anna@example.com");
    }

    public async Task DisposeAsync()
    {
        Super?.Dispose();
        Admin?.Dispose();
        _key?.Dispose();
        Http?.Dispose();
        if (Ca is not null)
        {
            await Ca.DisposeAsync();
        }
    }

    public async Task<EcSignatureKey> AddProvisionerAsync(string name)
    {
        var (linked, key) = AdminCalls.Jwk(name);
        var definition = LinkedProvisioner.Read(LinkedJson.Parse(System.Text.Encoding.UTF8.GetBytes(linked.ToJsonString()), name), stored: null, out _);
        await Ca.Module.ProvisionerStore.SaveAsync(definition, key.KeyId, new ProvisionerChange("operator"), default);
        await Ca.Module.Provisioners.ReloadAsync(default);
        return key;
    }

    public Task<X509Certificate2> CertificateAsync(string name) => CertificateAsync(name, "ops", _key);

    public async Task<X509Certificate2> CertificateAsync(string name, string provisioner, EcSignatureKey signer)
    {
        using var key = StepCaCalls.NewKey();
        var claims = Ca.Claims(name);
        claims["iss"] = provisioner;
        var reply = await Http.SignAsync(StepCaCalls.Csr(key, name, name), Jwt.Sign(claims, signer));
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        return reply.Certificate.CopyWithPrivateKey(key);
    }

    public async Task<string> IdOfAsync(string subject, string provisioner = "ops") => (await Administrators.ListAsync(default)).Single(one => one.Subject == subject && one.Provisioner == provisioner).Id;

    /// <summary>Of a role of the stack.</summary>
    public HttpClient As(string role) => Ca.As(role == Roles.Admin ? "admin" : "other", role);

    public static Task<AdministratorList?> ListAsync(HttpClient client) => client.GetFromJsonAsync("/portal/administrators", ContractsJson.Default.AdministratorList);
}
