using System.Text;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Tests.Inventories;

/// <summary>Entries as administrators send them, and as an attacker would.</summary>
public sealed class InventoryFileTests
{
    [Theory]
    [InlineData("key\nSN-1\n", "SN-1 {}")]
    [InlineData("key,line,workload\nSN-1,7,pump\nSN-2,,valve", """SN-1 {"line":"7","workload":"pump"}|SN-2 {"workload":"valve"}""")]
    [InlineData("\ufeffkey,line\r\n\"SN,1\",\"a \"\"b\"\"\r\nc\"\r\n", """SN,1 {"line":"a \u0022b\u0022\r\nc"}""")]
    [InlineData("key,a,b\nSN-1,,\n\nSN-2,x,\n", """SN-1 {}|SN-2 {"a":"x"}""")]
    [InlineData("key,cell\nSN-1,\"=HYPERLINK(\"\"https://evil.test\"\")\"\n", """SN-1 {"cell":"=HYPERLINK(\u0022https://evil.test\u0022)"}""")]
    public void Csv_IsTextsByTheNamesOfItsColumns(string csv, string entries) =>
        string.Join('|', InventoryFile.ReadCsv(csv).Select(entry => $"{entry.Key} {entry.Data}")).ShouldBe(entries);

    [Theory]
    [InlineData("")]
    [InlineData("name\nSN-1\n")]
    [InlineData("line,key\n7,SN-1\n")]
    [InlineData("key,a,a\nSN-1,1,2\n")]
    [InlineData("key,\nSN-1,1\n")]
    [InlineData("key,a\nSN-1\n")]
    [InlineData("key,a\nSN-1,1,2\n")]
    [InlineData("key\nSN-1\nSN-1\n")]
    [InlineData("key\n\"SN-1\n")]
    [InlineData("key\n\"SN-1\"x\n")]
    [InlineData("key\nSN\"1\n")]
    [InlineData("key\n SN-1\n")]
    [InlineData("key\n\"SN\t1\"\n")]
    public void Csv_ThatIsNotUnderstood_IsRefused(string csv) =>
        Should.Throw<ProblemException>(() => InventoryFile.ReadCsv(csv)).Code.ShouldBe("invalid_inventory");

    [Theory]
    [InlineData("""{"key":"SN-1"}""")]
    [InlineData("""[{"data":{}}]""")]
    [InlineData("""[{"key":1}]""")]
    [InlineData("""[{"key":"SN-1","data":[]}]""")]
    [InlineData("""[{"key":"SN-1","data":null}]""")]
    [InlineData("""[{"key":"SN-1","sans":[]}]""")]
    [InlineData("""[{"key":"SN-1","data":{"a":1,"a":2}}]""")]
    [InlineData("""[{"key":"SN-1"},{"key":"SN-1"}]""")]
    [InlineData("""[{"key":""}]""")]
    [InlineData("""[{"key":"SN\n1"}]""")]
    [InlineData("""[{"key":"\ud800"}]""")]
    [InlineData("""[{"key":"SN-1","data":{"a":"\ud800"}}]""")]
    [InlineData("""[{"key":"SN-1","data":{"\ud800":"a"}}]""")]
    [InlineData("""[{"key":"SN-1","data":{}}""")]
    public void Json_ThatIsNotUnderstood_IsRefused(string json) =>
        Should.Throw<ProblemException>(() => InventoryFile.ReadJson(Encoding.UTF8.GetBytes(json))).Code.ShouldBe("invalid_inventory");

    [Fact]
    public void Sizes_HaveBounds()
    {
        Read(new string('k', InventoryEntry.LongestKey), "{}").ShouldBeTrue();
        Read(new string('k', InventoryEntry.LongestKey + 1), "{}").ShouldBeFalse();
        Read("SN-1", $$"""{"a":"{{new string('x', InventoryEntry.LongestData - 8)}}"}""").ShouldBeTrue();
        Read("SN-1", $$"""{"a":"{{new string('x', InventoryEntry.LongestData - 7)}}"}""").ShouldBeFalse();
        Read("SN-1", Nested(InventoryEntry.DeepestData)).ShouldBeTrue();
        Read("SN-1", Nested(InventoryEntry.DeepestData + 1)).ShouldBeFalse();
        Read("SN-1", Nested(100_000)).ShouldBeFalse();
        Csv("key\n" + string.Concat(Enumerable.Range(0, CredentialInventories.MostEntries).Select(n => $"{n}\n"))).ShouldBeTrue();
        Csv("key\n" + string.Concat(Enumerable.Range(0, CredentialInventories.MostEntries + 1).Select(n => $"{n}\n"))).ShouldBeFalse();
        Csv("key" + string.Concat(Enumerable.Range(0, 65).Select(n => $",{n}"))).ShouldBeFalse();
        Csv("key\n" + new string(',', 1_000_000)).ShouldBeFalse();

        static string Nested(int levels) => string.Concat(Enumerable.Repeat("""{"a":""", levels)) + "1" + new string('}', levels);
        static bool Read(string key, string data) => Passes(() => InventoryFile.ReadJson(Encoding.UTF8.GetBytes($$"""[{"key":"{{key}}","data":{{data}}}]""")));
        static bool Csv(string csv) => Passes(() => InventoryFile.ReadCsv(csv));
    }

    private static bool Passes(Func<object> read)
    {
        try
        {
            read();
            return true;
        }
        catch (ProblemException e) when (e.Code == "invalid_inventory")
        {
            return false;
        }
    }
}
