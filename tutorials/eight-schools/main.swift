import FlowGuides
import Models
print(concat([Tensor.zeros([3]), log(Tensor.full([3], 0.1))]).array())
print(concat([Tensor.zeros([3]).flattened(), log(Tensor.full([3], 0.1)).flattened()]).detached().array())
let svi = try SVI(EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.01))
print(svi.parameters.names, svi.parameters["auto_scale"]!.array())
print(try svi.step(), svi.parameters["auto_scale"]!.array(), svi.parameters["auto_loc"]!.array())
print(try svi.step())
