namespace IoTPlatform.Hosting.Tests.Limits;

public sealed class HostCapacityTests
{
    private const long Gigabyte = 1024L * 1024 * 1024;

    [Theory]
    [InlineData(1024, 200, 8, 499)] // descriptors are short
    [InlineData(1_000_000, 200, 1, 2730)] // memory is
    [InlineData(1_000_000, 200, 64, 20_000)]
    [InlineData(512, 480, 8, 64)]
    public void Of_ThisMachine_ConnectionsFit(long descriptors, int inUse, int gigabytes, int connections) =>
        HostCapacity.Of(descriptors, inUse, gigabytes * Gigabyte).Connections.ShouldBe(connections);

    [Theory]
    [InlineData(128 * 1024 * 1024, 128, 96)]
    [InlineData(Gigabyte, 1024, 768)]
    [InlineData(64 * Gigabyte, 4096, 3072)]
    public void Of_Memory_RequestsFitAndStrangersLeaveAQuarter(long memory, int requests, int strangers)
    {
        var capacity = HostCapacity.Of(1_000_000, 200, memory);

        capacity.Requests.ShouldBe(requests);
        capacity.StrangersRequests.ShouldBe(strangers);
    }

    [Fact]
    public void RequireDescriptors_TooFew_SaysHowToRaiseThem()
    {
        HostCapacity.RequireDescriptors(HostCapacity.FewestDescriptors);

        Should.Throw<StartupException>(() => HostCapacity.RequireDescriptors(HostCapacity.FewestDescriptors - 1)).Message.ShouldContain("LimitNOFILE");
    }

    [Fact]
    public void Measure_HereAndNow_IsUsable() => HostCapacity.Measure().Connections.ShouldBeGreaterThanOrEqualTo(64);
}
