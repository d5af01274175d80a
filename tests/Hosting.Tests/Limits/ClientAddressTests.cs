using System.Net;

namespace IoTPlatform.Hosting.Tests.Limits;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64")]
    [InlineData("::1", "::1")]
    public void Of_Address_IsOneCaller(string address, string caller) => ClientAddress.Of(IPAddress.Parse(address)).ShouldBe(caller);
}
