using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Devices;

/// <summary>The fleet, filtered in the database.</summary>
public sealed class DeviceSearchTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private DeviceRegistry Registry => shared.Tenant.Service<DeviceRegistry>();

    [SkippableFact]
    public async Task List_ByState_ShowsThoseAlone_AndCountsThem()
    {
        await FilledAsync();
        foreach (var (state, devices) in new Dictionary<DeviceFilter, string[]>
        {
            [DeviceFilter.Online] = ["find-online"],
            [DeviceFilter.Offline] = ["find-offline"],
            [DeviceFilter.NeverSeen] = ["find-100percent", "find-expired", "find-expiring", "find-never"],
            [DeviceFilter.Expiring] = ["find-expiring"],
            [DeviceFilter.Expired] = ["find-expired"],
            [DeviceFilter.Held] = ["find-held"],
            [DeviceFilter.Revoked] = ["find-revoked"],
        })
        {
            var search = new DeviceSearch { Text = "find-", State = state };

            (await IdsAsync(search)).ShouldBe(devices, state.ToString());
            (await Registry.CountAsync(search, default)).ShouldBe(devices.Length, state.ToString());
        }
    }

    [SkippableTheory]
    [InlineData("FIND-NEV", "find-never")]
    [InlineData("küche", "find-online")]
    [InlineData("100%", "find-100percent")]
    [InlineData("find_", null)]
    [InlineData("' OR 1=1 --", null)]
    public async Task List_ByText_TakesItAsText_InIdsAndNames(string text, string? device)
    {
        await FilledAsync();

        (await IdsAsync(new DeviceSearch { Text = text })).ShouldBe(device is null ? [] : [device]);
    }

    [SkippableFact]
    public async Task List_ByTypeAndTag_Pages_ByTheLastId()
    {
        await FilledAsync();
        await shared.Tenant.Service<DeviceTags>().AddAsync(["find-online", "find-never", "find-held", "no-such-device"], "hall-1", "test", default);

        (await IdsAsync(new DeviceSearch { Tag = "hall-1" })).ShouldBe(["find-held", "find-never", "find-online"]);
        (await IdsAsync(new DeviceSearch { Tag = "hall-1", Type = "pump" })).ShouldBe(["find-online"]);
        var first = await Registry.ListAsync(new DeviceSearch { Tag = "hall-1" }, null, 2, default);
        (await Registry.ListAsync(new DeviceSearch { Tag = "hall-1" }, first.NextCursor, 2, default)).Items.Select(d => d.DeviceId).ShouldBe(["find-online"]);
        var (types, tags) = await Registry.KindsAsync(default);
        types.ShouldContain("pump");
        tags.ShouldContain("hall-1");
    }

    [SkippableFact]
    public async Task Tag_OverTheApi_IsShownWithTheDevice_AndTakenAway()
    {
        await FilledAsync();

        await shared.Admin.TagDeviceAsync("find-offline", "roof");
        await shared.Admin.TagDeviceAsync("find-offline", "roof");
        (await shared.Admin.GetDeviceAsync("find-offline")).Tags.ShouldBe(["roof"]);
        await shared.Admin.UntagDeviceAsync("find-offline", "roof");

        (await shared.Admin.GetDeviceAsync("find-offline")).Tags.ShouldBeEmpty();
        (await shared.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.tagged' AND subject = 'find-offline'")).ShouldBe(1, "again it does nothing");
        await Refused.WithAsync(404, "device_unknown", () => shared.Admin.TagDeviceAsync("no-such-device", "roof"));
        await Refused.WithAsync(400, "invalid_tag", () => shared.Admin.TagDeviceAsync("find-offline", "Roof!"));
    }

    [SkippableFact]
    public async Task Tags_MoreThanADeviceMayHave_AreRefused_AndNoneIsAdded()
    {
        await FilledAsync();
        var tags = shared.Tenant.Service<DeviceTags>();
        for (var i = 0; i < 16; i++)
        {
            await tags.AddAsync(["find-expired"], $"t{i}", "test", default);
        }

        (await Should.ThrowAsync<ProblemException>(() => tags.AddAsync(["find-expiring", "find-expired"], "one-more", "test", default))).Code.ShouldBe("too_many_tags");

        (await IdsAsync(new DeviceSearch { Tag = "one-more" })).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Tags_OfManyCallsAtOnce_AreNoMoreThanADeviceMayHave()
    {
        await shared.Tenant.Database.AddDeviceAsync("tagged-at-once");
        var tags = shared.Tenant.Service<DeviceTags>();
        for (var i = 0; i < 15; i++)
        {
            await tags.AddAsync(["tagged-at-once"], $"t{i}", "test", default);
        }

        var calls = Enumerable.Range(0, 8).Select(i => Task.Run(() => tags.AddAsync(["tagged-at-once"], $"at-once-{i}", "test", default))).ToList();
        await Task.WhenAny(Task.WhenAll(calls));

        calls.Count(call => call.IsCompletedSuccessfully).ShouldBe(1);
        calls.Where(call => call.IsFaulted).ShouldAllBe(call => ((ProblemException)call.Exception!.InnerException!).Code == "too_many_tags");
        (await shared.Admin.GetDeviceAsync("tagged-at-once")).Tags!.Count.ShouldBe(16);
    }

    /// <summary>Whoever writes the presence; the last hundred changes are kept.</summary>
    [SkippableFact]
    public async Task Connections_AreKept_TheNewestFirst_AHundredAtMost()
    {
        await shared.Tenant.Database.AddDeviceAsync("flapping");
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 130; i++)
        {
            await shared.Tenant.Database.ExecuteAsync(
                """
                INSERT INTO tenant.device_presence AS p (device_id, online, since, event_id, sequence, told) VALUES ('flapping', $1, $2, gen_random_uuid(), nextval('tenant.presence_sequence'), true)
                ON CONFLICT (device_id) DO UPDATE SET online = excluded.online, since = excluded.since, sequence = excluded.sequence
                """,
                i % 2 == 0, now.AddMinutes(i - 130));
        }

        await shared.Tenant.Database.ExecuteAsync("UPDATE tenant.device_presence SET told = true, owner = 7 WHERE device_id = 'flapping'");

        (await Registry.ConnectionsAsync("flapping", now.AddDays(-1), default)).Count.ShouldBe(100);
        var hour = await Registry.ConnectionsAsync("flapping", now.AddMinutes(-2.5), default);
        hour.Select(change => change.Online).ShouldBe([false, true, false], "two in that time, and the one before them");
        hour[0].Since.ShouldBe(now.AddMinutes(-1), TimeSpan.FromMilliseconds(1));
    }

    private async Task<IReadOnlyList<string>> IdsAsync(DeviceSearch search) => [.. (await Registry.ListAsync(search, null, 50, default)).Items.Select(d => d.DeviceId)];

    private Task FilledAsync() => shared.Tenant.Database.ExecuteAsync(
        """
        WITH d AS (
          INSERT INTO tenant.devices (device_id, device_name, device_type, status, enrolled_at, enrolled_by, not_after, revoked_at)
          SELECT 'find-' || v.id, v.name, v.type, v.status, now(), 'test', now() + v.left_over, CASE WHEN v.status <> 'enrolled' THEN now() END
          FROM (VALUES
            ('online', 'Pumpe KÜCHE', 'pump', 'enrolled', interval '1 day'), ('offline', NULL, NULL, 'enrolled', interval '1 day'), ('never', NULL, NULL, 'enrolled', interval '1 day'),
            ('100percent', 'runs at 100%', NULL, 'enrolled', interval '1 day'), ('expiring', NULL, NULL, 'enrolled', interval '3 hours'), ('expired', NULL, NULL, 'enrolled', interval '-1 hour'),
            ('held', NULL, NULL, 'held', interval '1 day'), ('revoked', NULL, NULL, 'revoked', interval '1 day')) AS v (id, name, type, status, left_over)
          ON CONFLICT DO NOTHING RETURNING device_id)
        INSERT INTO tenant.device_presence (device_id, online, since, event_id, sequence, told)
        SELECT device_id, device_id = 'find-online', now(), gen_random_uuid(), nextval('tenant.presence_sequence'), true FROM d WHERE device_id IN ('find-online', 'find-offline')
        """);
}
