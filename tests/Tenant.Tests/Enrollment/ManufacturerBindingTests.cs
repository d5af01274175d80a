using System.Security.Cryptography;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>Attacks with a genuine manufacturer certificate: a sister device of the same product line, whose common name is the same, wants another's id.</summary>
public sealed class ManufacturerBindingTests : IAsyncLifetime
{
    private const string Code = "device_bound_to_other_certificate";

    private readonly TempFolder _folder = new();
    private readonly ManufacturerCa _manufacturer = new("CN=Pump Works Root");
    private readonly ManufacturerCa _other = new("CN=Valve Works Root");
    private TestTenant _tenant = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_folder.Combine("manufacturer.pem"), _manufacturer.Certificate.ExportCertificatePem() + "\n" + _other.Certificate.ExportCertificatePem());
        _tenant = await TestTenant.StartAsync(t => t.ManufacturerCa = _folder.Combine("manufacturer.pem"));
    }

    public async Task DisposeAsync()
    {
        await _tenant.DisposeAsync();
        _manufacturer.Dispose();
        _other.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("pl-1", "CN=pl-1, SERIALNUMBER=1001", "CN=pl-1, SERIALNUMBER=1002")]
    [InlineData("pl-2", "CN=pl-2", "CN=pl-2")]
    [InlineData("pl-3", "CN=pl-3, SERIALNUMBER=1001", "CN=pl-3")]
    [InlineData("pl-4", "CN=pl-4", "CN=pl-4, SERIALNUMBER=1002")]
    public async Task Enroll_SisterDeviceWithTheSameCommonName_CannotTakeTheIdOver(string id, string victims, string attackers)
    {
        using var victim = new TestDevice(id);
        using var attacker = new TestDevice(id);
        using var genuine = _manufacturer.Issue(victims);
        using var sister = _manufacturer.Issue(attackers);
        using var identity = victim.Identity(await victim.EnrollAsync(_tenant, null, genuine));

        await Refused.WithAsync(403, Code, () => attacker.EnrollAsync(_tenant, null, sister));

        await victim.RenewAsync(_tenant, identity);
        (await _tenant.Database.ScalarAsync<long>($"SELECT count(*) FROM audit.entries WHERE action = 'enrollment.refused' AND subject = '{id}'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Enroll_SisterDeviceWithTheVictimsRequest_CannotMoveItsTunnel()
    {
        using var victim = new TestDevice("pl-5") { WireGuardKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) };
        using var genuine = _manufacturer.Issue("CN=pl-5, SERIALNUMBER=1001");
        using var sister = _manufacturer.Issue("CN=pl-5, SERIALNUMBER=1002");
        await victim.EnrollAsync(_tenant, null, genuine);

        // A request that was seen on its way proves nothing about who sends it again.
        victim.WireGuardKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await Refused.WithAsync(403, Code, () => victim.EnrollAsync(_tenant, null, sister));
    }

    [SkippableFact]
    public async Task Enroll_SameSerialNumberFromAnotherManufacturer_IsRefused()
    {
        using var victim = new TestDevice("pl-6");
        using var attacker = new TestDevice("pl-6");
        using var genuine = _manufacturer.Issue("CN=pl-6, SERIALNUMBER=1001");
        using var line = new ManufacturerCa("CN=Pump Works Root", _other);
        using var foreign = line.Issue("CN=pl-6, SERIALNUMBER=1001");
        await victim.EnrollAsync(_tenant, null, genuine);
        using var client = _tenant.Client(foreign, [line.Certificate]);

        await Refused.WithAsync(403, Code, () => client.EnrollAsync(attacker.Id, null, attacker.Request));
    }

    [SkippableFact]
    public async Task Enroll_RenewedFactoryCertificate_PassesByItsSerialNumberOrItsKey()
    {
        using var factoryKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = _manufacturer.Issue("CN=pl-7, SERIALNUMBER=1001");
        using var newKey = _manufacturer.Issue("CN=pl-7, SERIALNUMBER=1001", deviceKey: factoryKey);
        using var sameKey = _manufacturer.Issue("CN=pl-7", deviceKey: factoryKey);
        using var device = new TestDevice("pl-7");
        await device.EnrollAsync(_tenant, null, first);

        foreach (var renewed in new[] { newKey, sameKey, first })
        {
            device.NewKey();
            using var identity = device.Identity(await device.EnrollAsync(_tenant, null, renewed));
            await device.RenewAsync(_tenant, identity);
        }
    }

    [SkippableFact]
    public async Task Enroll_DeviceThatCameWithAToken_IsNotTakenOverByAFactoryCertificate()
    {
        using var admin = await _tenant.AdminAsync();
        using var victim = new TestDevice("pl-8");
        using var attacker = new TestDevice("pl-8");
        using var sister = _manufacturer.Issue("CN=pl-8");
        await victim.EnrollAsync(_tenant, (await admin.CreateTokenAsync(new Contracts.Devices.CreateEnrollmentTokenRequest { DeviceId = "pl-8" })).Token);

        await Refused.WithAsync(403, Code, () => attacker.EnrollAsync(_tenant, null, sister));
    }

    [SkippableFact]
    public async Task Enroll_TokenGaveTheIdToAnotherDevice_TheOldFactoryCertificateIsNoWayBack()
    {
        using var admin = await _tenant.AdminAsync();
        using var old = new TestDevice("pl-9");
        using var replacement = new TestDevice("pl-9");
        using var factory = _manufacturer.Issue("CN=pl-9, SERIALNUMBER=1001");
        await old.EnrollAsync(_tenant, null, factory);
        await replacement.EnrollAsync(_tenant, (await admin.CreateTokenAsync(new Contracts.Devices.CreateEnrollmentTokenRequest { DeviceId = "pl-9" })).Token);
        old.NewKey();

        await Refused.WithAsync(403, Code, () => old.EnrollAsync(_tenant, null, factory));
    }

    [SkippableFact]
    public async Task Enroll_DeviceFromBeforeThereWereBindings_PassesWithTheCertificateItCameWith()
    {
        using var device = new TestDevice("pl-10");
        using var attacker = new TestDevice("pl-10");
        using var factory = _manufacturer.Issue("CN=pl-10, SERIALNUMBER=1001");
        using var sister = _manufacturer.Issue("CN=pl-10, SERIALNUMBER=1002");
        await device.EnrollAsync(_tenant, null, factory);
        await _tenant.Database.ScalarAsync<long>("WITH gone AS (DELETE FROM tenant.manufacturer_bindings WHERE device_id = 'pl-10' RETURNING 1) SELECT count(*) FROM gone");

        await Refused.WithAsync(403, Code, () => attacker.EnrollAsync(_tenant, null, sister));
        device.NewKey();
        await device.EnrollAsync(_tenant, null, factory);
        (await _tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.manufacturer_bindings WHERE device_id = 'pl-10'")).ShouldBe(1);
    }
}
